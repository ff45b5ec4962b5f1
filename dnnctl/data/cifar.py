"""CIFAR-10 and CIFAR-100: 60,000 colour images, 32 × 32 pixels.

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
from dnnctl.data.dataset import Part, RawData
from dnnctl.errors import DataError
from dnnctl.specs.class_names import CIFAR10

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


CIFAR10_ARCHIVE = Archive(
    "cifar-10-batches-py",
    RemoteFile(
        "cifar-10-batches-py-target_archive",
        URL + "cifar-10-python.tar.gz",
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    {
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
)
CIFAR100_ARCHIVE = Archive(
    "cifar-100-python",
    RemoteFile(
        "cifar-100-python-target_archive",
        URL + "cifar-100-python.tar.gz",
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    {
        "train": "16019d7e3df5f24257cddd939b257f8d",
        "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
        "meta": "7973b15100ade9c7d40fb424638fde48",
    },
)
TRAIN_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
HARMLESS = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


def load_cifar10(progress: Progress) -> RawData:
    """All 50,000 training and 10,000 test images, from the cache; labels are (N,), not (N, 1) as in Keras."""
    folder = _checked(CIFAR10_ARCHIVE, progress)
    batches = [_read_batch(folder / name, b"labels") for name in TRAIN_BATCHES]
    train = Part(
        np.concatenate([batch.inputs for batch in batches]), np.concatenate([batch.targets for batch in batches])
    )
    return RawData(train, _read_batch(folder / "test_batch", b"labels"), "classes", CIFAR10)


def load_cifar100(progress: Progress) -> RawData:
    """All 50,000 training and 10,000 test images with their fine labels, from the cache."""
    folder = _checked(CIFAR100_ARCHIVE, progress)
    names = _unpickle(folder / "meta")[b"fine_label_names"]
    train, test = (_read_batch(folder / name, b"fine_labels") for name in ("train", "test"))
    return RawData(train, test, "classes", tuple(name.decode() for name in names))


def is_cached(archive: Archive) -> bool:
    """Whether the data set loads without a download."""
    return _unpacked_folder(archive) is not None or cached(archive.file) is not None


def _unpacked_folder(archive: Archive) -> Path | None:
    """The folder into which older or newer Keras unpacked the archive; None if there is none."""
    parent = cache_directory() / f"{archive.name}-target"
    return next((each for each in (parent / archive.name, cache_directory() / archive.name) if each.is_dir()), None)


def _checked(archive: Archive, progress: Progress) -> Path:
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


def _read_batch(path: Path, label_key: bytes) -> Part:
    batch = _unpickle(path)
    try:
        channels_first = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32)
        labels = np.asarray(batch[label_key], np.int32).reshape(-1)
    except (KeyError, ValueError) as error:
        raise DataError(f"{path} is damaged ({error!r}). Remove its folder, so that it is downloaded again.") from None
    return Part(np.ascontiguousarray(channels_first.transpose(0, 2, 3, 1)), labels)


def _unpickle(path: Path) -> dict[bytes, Any]:
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
