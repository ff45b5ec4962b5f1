"""Examples in a file of JSON lines, found by the offset of each line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from dnnctl.data.arrays import Spread, to_inputs
from dnnctl.data.dataset import Array, Part, Rows, update_digest
from dnnctl.errors import DataError, shorten
from dnnctl.store.cache import cache_entry, write_to_cache
from dnnctl.text import format_shape, suggest

BATCH = 256
"""The number of lines that become an array at a time."""
VERSION = "1"
"""Increase it when the checks or the digest change."""
KINDS = {bool: "booleans", int: "numbers", float: "numbers", str: "text", list: "lists"}


@dataclass(frozen=True)
class LineIndex:
    """Where the examples of a file are, and their targets."""

    path: Path
    inputs_key: str
    starts: NDArray[np.int64]
    """(N,) the offset of each line in bytes."""
    lengths: NDArray[np.int64]
    """(N,) its length in bytes."""
    targets: Array
    """(N,) or (N, K), as they are written."""
    shape: tuple[int, ...]
    """The shape of the inputs of an example."""
    digest: str
    """The identity of all inputs."""
    state: tuple[int, int]
    """The size and the time of the file."""

    def read(self, rows: Rows | slice) -> NDArray[np.float32]:
        """(len(rows), …) the inputs of these lines, in this order.

        Raises:
            DataError: the file changed after it was indexed.
        """
        starts, lengths = self.starts[rows], self.lengths[rows]
        inputs = np.empty((len(starts), *self.shape), np.float32)
        with self.path.open("rb", buffering=0) as file:
            if _state(self.path) != self.state:
                raise DataError(f"{self.path} changed while it was in use. Start again.")
            for row, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
                inputs[row] = from_json(os.pread(file.fileno(), length, start))[self.inputs_key]
        return inputs


@dataclass(frozen=True)
class LineRows:
    """Examples whose inputs are in a file of JSON lines."""

    index: LineIndex
    targets: Array
    weights: None = None

    def __len__(self) -> int:
        return len(self.index.starts)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""
        return self.index.shape

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type of the inputs."""
        return np.dtype(np.float32)

    def take(self, rows: Rows | slice) -> Part:
        """Read the examples of these rows, in this order."""
        return Part(self.index.read(rows), self.targets[rows])

    def update_digest(self, state: Any) -> None:
        """Feed the identity of all examples to a running digest."""
        state.update(self.index.digest.encode())
        update_digest(state, self.targets)


def index_lines(path: Path, inputs_key: str, target_key: str) -> LineIndex:
    """The index of a file, by one pass over it, or from the cache if size and time of the file are the same.

    Raises:
        DataError: the file is missing, or a line is not an example like those before it.
    """
    if not path.is_file():
        rule = "The path is relative to the spec that contains it; with --set, to the working directory."
        raise DataError(f"{path}: no such file. {rule}")
    state = _state(path)
    cached = cache_entry("json_lines", path, ".npz", VERSION, inputs_key, target_key)
    index = None if cached is None else _load(cached, path, inputs_key, state)
    if index is not None:
        return index
    index = _scan(path, inputs_key, target_key, state)
    if cached is not None:
        write_to_cache(cached, lambda aside: _save(aside, index))
    return index


def _scan(path: Path, inputs_key: str, target_key: str, state: tuple[int, int]) -> LineIndex:
    spans: list[tuple[int, int]] = []
    targets: list[Any] = []
    shape: tuple[int, ...] | None = None
    digest, spread = sha256(), Spread()
    with path.open("rb") as file:
        lines = _lines(file, path)
        while batch := list(islice(lines, BATCH)):
            records = [read_record(line, place, inputs_key, target_key) for _, line, place in batch]
            inputs = _stack([record[inputs_key] for record in records], [place for *_, place in batch], shape)
            shape = inputs.shape[1:]
            digest.update(to_inputs(inputs).data)
            spread.widen(inputs.reshape(len(inputs), -1))
            spans += [(start, len(line)) for start, line, _ in batch]
            targets += [record[target_key] for record in records]
    if shape is None:
        raise DataError(f"{path} contains no examples.")
    if len(shape) == 1:
        spread.check(f"{path}: {inputs_key}")
    digest.update(str(shape).encode())
    starts, lengths = np.array(spans, np.int64).T
    return LineIndex(
        path, inputs_key, starts, lengths, to_targets(targets, str(path)), shape, digest.hexdigest(), state
    )


def _lines(file: Any, path: Path) -> Iterator[tuple[int, bytes, str]]:
    """The offset, the bytes and the place of each line that is not blank."""
    start = 0
    for number, line in enumerate(file, 1):
        if line.strip():
            yield start, line, f"{path}:{number}"
        start += len(line)


def read_record(line: bytes, place: str, *keys: str) -> dict[str, Any]:
    """The object in a line, which has these keys.

    Raises:
        DataError: it is not an object, or a key is missing.
    """
    try:
        record = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        hint = " Write one JSON object per line." if line.strip() in (b"[", b"{") else ""
        raise DataError(f"{place}: the line is not JSON: {shorten(str(error), 100)}.{hint}") from None
    if not isinstance(record, dict):
        raise DataError(f"{place}: the line is not a JSON object. Write {{…}} in each line.")
    for key in keys:
        if key not in record:
            raise DataError(f"{place}: no key '{key}'. {suggest(key, record)}")
    return record


def _stack(rows: Sequence[Any], places: Sequence[str], shape: tuple[int, ...] | None) -> NDArray[np.float64]:
    """(N, …) the inputs of some lines."""
    try:
        inputs = _numbers(rows)
    except ValueError:
        inputs = None
    if inputs is not None and inputs.ndim > 1 and inputs.size and shape in (None, inputs.shape[1:]):
        return inputs
    for row, place in zip(rows, places, strict=True):
        shape = _check_row(row, place, shape)
    raise AssertionError("one of the rows does not fit")


def _check_row(row: Any, place: str, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape of the inputs of a line, which must be that of the lines before it."""
    try:
        inputs = _numbers(row)
    except ValueError:
        raise DataError(
            f"{place}: the inputs are not numbers, too large for float32, or lists of different lengths."
        ) from None
    if inputs.ndim == 0 or inputs.size == 0:
        raise DataError(f"{place}: the inputs must be a list of numbers that is not empty.")
    if shape not in (None, inputs.shape):
        raise DataError(
            f"{place}: the inputs have the shape {format_shape(inputs.shape)}, but {format_shape(shape or ())} in "
            "earlier lines."
        )
    return inputs.shape


def _numbers(row: Any) -> NDArray[np.float64]:
    """Nested lists as an array that float32 can hold.

    Raises:
        ValueError: they contain something else, or numbers that are too large.
    """
    numbers = np.array(row)
    if numbers.dtype.kind not in "fiub":
        raise ValueError("not numbers")
    if not np.isfinite(to_inputs(numbers)).all():
        raise ValueError("too large")
    return numbers.astype(np.float64)


def to_targets(values: Sequence[Any], path: str) -> Array:
    """(N,) or (N, K) the targets of all lines, as they are written.

    Raises:
        DataError: they are null or objects, of different kinds, or lists of different lengths.
    """
    kinds = {KINDS.get(type(value), "null or objects") for value in values}
    if len(kinds) > 1 or "null or objects" in kinds:
        raise DataError(f"{path}: the targets are {' and '.join(sorted(kinds))}, but must all be of one kind.")
    try:
        targets = np.array(values)
    except ValueError:
        raise DataError(f"{path}: the targets are lists of different lengths.") from None
    if targets.dtype.kind not in "fiubU":
        raise DataError(f"{path}: the targets are not text or numbers.")
    return targets


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _save(path: Path, index: LineIndex) -> None:
    np.savez(
        path,
        starts=index.starts,
        lengths=index.lengths,
        targets=index.targets,
        shape=np.array(index.shape),
        digest=np.array(index.digest),
    )


def _load(cached: Path, path: Path, inputs_key: str, state: tuple[int, int]) -> LineIndex | None:
    try:
        with cached.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            shape, digest = tuple(map(int, file["shape"])), str(file["digest"])
            starts, lengths, targets = file["starts"], file["lengths"], file["targets"]
    except Exception:  # whatever is wrong with it, it can be computed again
        return None
    if not len(starts) == len(lengths) == len(targets):
        return None
    return LineIndex(path, inputs_key, starts, lengths, targets, shape, digest, state)
