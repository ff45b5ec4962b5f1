"""The records of TFRecord files as rows of a data set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.data.dataset import Array, Part, Rows, update_digest
from dnnctl.data.images.decode import Form
from dnnctl.data.images.threads import for_each
from dnnctl.data.records.example import parse_example
from dnnctl.data.records.index import RecordIndex, file_state
from dnnctl.data.records.inputs import Wanted
from dnnctl.errors import DataError


@dataclass(frozen=True)
class RecordFiles:
    """The inputs in F files, all in the same form."""

    paths: Sequence[Path]
    indexes: Sequence[RecordIndex]
    wanted: Wanted
    form: Form
    """Of encoded images, without `auto`."""
    shape: tuple[int, ...]
    """The shape of an example."""

    def __len__(self) -> int:
        return sum(len(index.starts) for index in self.indexes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the inputs."""
        return np.dtype(np.float32 if self.indexes[0].kind == "numbers" else np.uint8)

    def read(self, rows: Rows) -> Array:
        """(len(rows), …) the inputs of these records, counted over all files, in this order.

        Raises:
            DataError: a file changed after it was indexed.
        """
        inputs = np.empty((len(rows), *self.shape), self.dtype)
        first = 0
        for path, index in zip(self.paths, self.indexes, strict=True):
            places = np.flatnonzero((rows >= first) & (rows < first + len(index.starts)))
            if len(places):
                self._read_file(path, index, rows[places] - first, places, inputs)
            first += len(index.starts)
        return inputs

    def _read_file(self, path: Path, index: RecordIndex, rows: Rows, places: Rows, into: Array) -> None:
        starts, lengths = index.starts[rows].tolist(), index.lengths[rows].tolist()
        with path.open("rb", buffering=0) as file:
            if file_state(path) != index.state:
                raise DataError(f"{path} changed while it was in use. Start again.")

            def read_one(number: int) -> None:
                features = parse_example(os.pread(file.fileno(), lengths[number], starts[number]))
                is_image = index.kind == "image"
                found = self.wanted.image(features, self.form).pixels if is_image else self.wanted.array(features)
                into[places[number]] = found

            if index.kind == "image":
                for_each(len(rows), read_one)
                return
            for number in range(len(rows)):  # threads gain nothing: the work is Python's
                read_one(number)


@dataclass(frozen=True)
class RecordRows:
    """Examples whose inputs are in TFRecord files."""

    files: RecordFiles
    targets: Array
    weights: None = None

    def __len__(self) -> int:
        return len(self.files)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""
        return self.files.shape

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type of the inputs: uint8 for bytes and images, otherwise float32."""
        return self.files.dtype

    def take(self, rows: Rows | slice) -> Part:
        """Read the examples of these rows, in this order."""
        return Part(self.files.read(np.arange(len(self))[rows]), self.targets[rows])

    def update_digest(self, state: Any) -> None:
        """Feed the identity of all examples to a running digest."""
        state.update(f"records 1 {self.files.shape} {self.files.form.resize}".encode())
        for index in self.files.indexes:
            state.update(index.digest.encode())
        update_digest(state, self.targets)
