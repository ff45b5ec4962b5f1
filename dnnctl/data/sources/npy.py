"""Arrays from pairs of NumPy files. Inputs are mapped into memory and read row by row."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.data.arrays import check_form, check_lengths, check_values, encode_targets, to_inputs
from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Array, Part, RawData, Rows, update_digest
from dnnctl.errors import DataError
from dnnctl.specs.source import Npy
from dnnctl.store.cache import cache_entry, write_to_cache

SPLITS = ("train", "validation", "test")
MAGIC = b"\x93NUMPY"
VERSION = "1"
"""Increase it when the checks or the digest change."""


@dataclass(frozen=True)
class MappedRows:
    """Examples whose inputs are in a file."""

    inputs: Array
    targets: Array
    digest: str
    """The identity of the inputs."""
    weights: None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""
        return tuple(self.inputs.shape[1:])

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type that the inputs are converted to."""
        return to_inputs(self.inputs[:0]).dtype

    def take(self, rows: Rows | slice) -> Part:
        """Read the examples of these rows, in this order."""
        return Part(to_inputs(np.array(self.inputs[rows], order="C")), self.targets[rows])

    def update_digest(self, state: Any) -> None:
        """Feed the identity of all examples to a running digest."""
        state.update(self.digest.encode())
        update_digest(state, self.targets)


def load(source: Npy, _progress: Progress) -> RawData:
    """The splits in the files.

    Raises:
        DataError: a file is missing or not an array, or the arrays do not match each other.
    """
    paths = {split: _paths(source, split) for split in SPLITS}
    named = {split: pair for split, pair in paths.items() if pair is not None}
    inputs = {split: _open(inputs, f"{split}_inputs") for split, (inputs, _) in named.items()}
    for split, array in inputs.items():
        check_form(array, named[split][0])
    targets = encode_targets(
        {split: np.array(_open(path, f"{split}_targets")) for split, (_, path) in named.items()}, source.task
    )
    check_lengths(inputs, targets.splits, source.train_inputs)
    rows = {
        split: MappedRows(array, targets.splits[split], _checked(array, named[split][0]))
        for split, array in inputs.items()
    }
    return RawData(
        rows["train"], rows.get("test"), targets.task, targets.class_names, validation=rows.get("validation")
    )


def _paths(source: Npy, split: str) -> tuple[str, str] | None:
    """The files of inputs and targets of a split; None if the source has no such split."""
    pair: tuple[str, str] = (getattr(source, f"{split}_inputs"), getattr(source, f"{split}_targets"))
    if pair == ("none", "none"):
        return None
    for path, role in zip(pair, ("inputs", "targets"), strict=True):
        if path == "none":
            raise DataError(f"data.source.{split}_{role} is missing. Name the file, or remove the {split} split.")
    return pair


def _open(path: str, role: str) -> Array:
    """The array in a file, mapped into memory."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(len(MAGIC))
        if start != MAGIC:
            raise DataError(_foreign(path, start))
        array: Array = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        rule = "The path is relative to the spec that contains it; with --set, to the working directory."
        raise DataError(f"{path}: no such file. Fix `data.source.{role}`. {rule}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}).") from None
    except DataError:
        raise
    except Exception as error:  # damaged headers raise almost anything
        is_objects = "Python objects" in str(error)
        reason = "the array contains Python objects: save it with .astype(str) or as numbers"
        raise DataError(f"{path} cannot be read ({reason if is_objects else 'it is damaged or incomplete'}).") from None
    if array.ndim == 0:
        raise DataError(f"{path} contains a single value, not one row per example.")
    return np.asarray(array)


def _foreign(path: str, start: bytes) -> str:
    if start.startswith(b"PK"):
        return f"{path} contains named arrays. Use {{kind: npz, path: …}} for it."
    return f"{path} is {'not a NumPy .npy file' if start else 'empty'}. Save arrays with np.save."


def _checked(inputs: Array, path: str) -> str:
    """The digest of inputs that have been checked. Both need a pass over the file, so the digest is cached."""
    cached = cache_entry("arrays", Path(path), ".txt", VERSION)
    if cached is not None and (known := _read_digest(cached)):
        return known
    state = sha256(f"{to_inputs(inputs[:0]).dtype.str}{inputs.shape}".encode())
    check_values(inputs, path, state)
    digest = state.hexdigest()
    if cached is not None:
        write_to_cache(cached, lambda aside: _fill(aside, digest))
    return digest


def _read_digest(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
    return text if len(text) == 64 else ""


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="ascii")
