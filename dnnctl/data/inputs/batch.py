"""Some rows of new inputs, and what the network that gets them was trained on.

Shapes: N is the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from dnnctl.data.dataset import Array
from dnnctl.specs.source import Source
from dnnctl.store.encoding import TableEncoding

STEP = 1024
"""Batches have a multiple of this number of rows, except the last one of a file."""


@dataclass(frozen=True)
class InputForm:
    """What a network takes."""

    run: str
    """The id of the run, for messages."""
    shape: tuple[int, ...]
    """The shape of one example; empty for a table."""
    is_pixels: bool
    """Whether it takes uint8 values from 0 to 255."""
    encoding: TableEncoding | None = None
    """The columns of a table."""
    input_range: tuple[float, ...] = ()
    """The smallest and the largest training input, if they are known."""
    source: Source | None = None
    """Where the training examples came from."""


@dataclass(frozen=True)
class InputBatch:
    """Some rows of new inputs."""

    keys: Mapping[str, Sequence[Any]]
    """What identifies each row, (N,): its number from 1, or the path of the image."""
    inputs: Array | dict[str, Array]
    """(N, …) as the network takes them, or of a table the raw values of each column, (N,)."""
    others: Mapping[str, Any] = field(default_factory=dict)
    """Other columns of the input, (N,): lists, or Arrow columns."""

    def __len__(self) -> int:
        return len(next(iter(self.keys.values())))


class InputReader(Protocol):
    """Reads new inputs."""

    def batches(self) -> Iterator[InputBatch]:
        """The rows in order."""

    def notes(self) -> list[str]:
        """What the user should know, once all rows are read."""


class Started:
    """A reader whose first rows were read, so that most faults of an input are found at once."""

    def __init__(self, reader: InputReader) -> None:
        self.reader = reader
        self.rest = reader.batches()
        self.first = next(self.rest, None)

    def batches(self) -> Iterator[InputBatch]:
        """The rows in order, once."""
        if self.first is not None:
            yield self.first
        self.first = None
        yield from self.rest

    def notes(self) -> list[str]:
        """What the user should know, once all rows are read."""
        return self.reader.notes()
