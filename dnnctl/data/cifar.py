"""The files of CIFAR-10 and CIFAR-100.

Source: Krizhevsky, 2009.
"""

from __future__ import annotations

import pickle
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.data.cache import Progress, RemoteFile, cache_directory, cached, check_digest, fetch
from dnnctl.data.dataset import Part
from dnnctl.errors import DataError

URL = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Archive:
    """A data set in a tar file.

    Keras keeps only the unpacked files, so each of them is compared with its published MD5. MD5 suffices to detect
    damage and replaced files, because the published files were not made by an attacker.
    """

    name: str
    """The folder in it."""
    file: RemoteFile
    md5: Mapping[str, str]
    """The MD5 of each file in the folder that is read, in hexadecimal."""


HARMLESS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


def is_cached(archive: Archive) -> bool:
    """Whether the data set loads without a download."""
    return _unpacked_folder(archive) is not None or cached(archive.file) is not None


def _unpacked_folder(archive: Archive) -> Path | None:
    """The folder into which older or newer Keras unpacked the archive; None if there is none."""
    parent = cache_directory() / f"{archive.name}-target"
    return next((each for each in (parent / archive.name, cache_directory() / archive.name) if each.is_dir()), None)


def unpacked(archive: Archive, progress: Progress) -> Path:
    """The data set's folder, with every file as it was published."""
    folder = _unpacked(archive, progress)
    for name, digest in archive.md5.items():
        check_digest(folder / name, digest, "md5")
    return folder


def _unpacked(archive: Archive, progress: Progress) -> Path:
    """The data set's folder. The archive is unpacked if neither older nor newer Keras has done so."""
    found = _unpacked_folder(archive)
    if found is not None:
        return found
    parent = cache_directory() / f"{archive.name}-target"
    path = fetch(archive.file, progress)
    aside = parent.with_name(f".{parent.name}.partial")
    try:
        with tarfile.open(path) as packed:
            packed.extractall(aside, filter="data")
        aside.rename(parent)
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{path} cannot be unpacked ({error}). Remove it, so that it is downloaded again.") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return parent / archive.name


def read_batch(path: Path, label_key: bytes) -> Part:
    """The images (N, 32, 32, 3) and class numbers (N,) in a file.

    Raises:
        DataError: the file is damaged.
    """
    batch = unpickle(path)
    try:
        channels_first = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32)
        labels = np.asarray(batch[label_key], np.int32).reshape(-1)
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error!r}). Remove its folder, so that it is downloaded again.") from None
    return Part(np.ascontiguousarray(channels_first.transpose(0, 2, 3, 1)), labels)


def unpickle(path: Path) -> dict[bytes, Any]:
    """The contents of a CIFAR file. These files are pickles made in Python 2; only arrays are allowed in them."""
    try:
        with path.open("rb") as file:
            batch = _ArraysOnly(file, encoding="bytes").load()
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(f"{path} is damaged ({error}). Remove its folder, so that it is downloaded again.") from None
    return dict(batch)


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in HARMLESS:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, which no image file needs")
        return super().find_class(module, name)
