"""A data set, row by row.

Shapes: N is the number of examples; inputs are (N, …), labels (N,), numbers (N, K).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dnnctl.store.encoding import TableEncoding

Task = Literal["classes", "labels", "numbers"]
"""What targets are: the class of each example, several labels that are 0 or 1 each, or numbers."""
Array = NDArray[np.generic]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Part:
    """Examples in memory: inputs, targets, and the weight of each example in the loss."""

    inputs: Array
    """(N, …) uint8 or float32."""
    targets: Array
    """(N,) int32 class numbers, (N, K) float32 labels that are 0 or 1, or (N, K) float32 numbers."""
    weights: NDArray[np.float32] | None = None
    """(N,) 0 or greater; None if all examples have the weight 1."""

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Rows | slice) -> Part:
        """Some of the examples."""
        return Part(self.inputs[rows], self.targets[rows], None if self.weights is None else self.weights[rows])

    def update_digest(self, state: Any) -> None:
        """Feed the examples to a running digest."""
        for array in (self.inputs, self.targets, self.weights):
            if array is not None:
                update_digest(state, array)


class RowSource(Protocol):
    """Examples that are read by row number. Targets are always in memory, inputs need not be."""

    @property
    def targets(self) -> Array:
        """(N,) int32 class numbers, or (N, K) float32 numbers."""

    def __len__(self) -> int: ...

    def take(self, rows: Rows | slice) -> Part:
        """Read the examples of these rows, in this order."""

    def update_digest(self, state: Any) -> None:
        """Feed the identity of all examples to a running digest."""


@dataclass(frozen=True)
class Subset:
    """Some rows of a source, with other targets."""

    source: RowSource
    rows: Rows
    targets: Array
    """(len(rows), …)"""

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Rows | slice) -> Part:
        """Read the examples of these rows of the subset, in this order."""
        part = self.source.take(as_slice(self.rows[rows]))
        return Part(part.inputs, self.targets[rows], part.weights)

    def update_digest(self, state: Any) -> None:
        """Feed the examples to a running digest."""
        self.take(slice(None)).update_digest(state)


@dataclass(frozen=True)
class RawData:
    """A data set as it is in its source: a training split, and the other splits that the source has."""

    train: RowSource
    test: RowSource | None
    task: Task
    class_names: tuple[str, ...] = ()
    validation: RowSource | None = None
    warnings: tuple[str, ...] = ()
    """What the user should know about the files."""
    groups: Array | None = None
    """(N,) the group of each training example. A group is never divided between two splits."""
    dates: Array | None = None
    """(N,) the date of each training example. Validation examples are newer than training examples."""
    fit: Callable[[Rows], RawData] | None = None
    """Encodes the inputs with statistics of these training rows; None if inputs are used as they are."""
    encoding: TableEncoding | None = None
    """How the columns of a table were encoded; None if the inputs are not the rows of a table."""

    def digest(self) -> str:
        """The identity of the examples: SHA-256 over shapes, types and values, in hexadecimal."""
        state = sha256()
        for part in (self.train, self.test, self.validation):
            if part is not None:
                part.update_digest(state)
        return state.hexdigest()


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training."""

    train: Part
    validation: Part | None
    test: Part | None
    unlabelled: Array | None
    """(N, …) the inputs of all training examples, including those beyond `limit`; None if they are not needed."""
    task: Task
    class_names: tuple[str, ...]
    digest: str
    """The identity of the source's examples."""
    split_digest: str
    """The identity of the training and validation rows."""
    encoding: TableEncoding | None = None
    """How the columns of a table were encoded; None if the inputs are not the rows of a table."""
    warnings: tuple[str, ...] = ()
    """What the user should know about the data."""

    @property
    def n_outputs(self) -> int:
        """The number of classes, or of numbers to predict."""
        return len(self.class_names) if self.task == "classes" else int(self.train.targets.shape[1])


def update_digest(state: Any, array: Array) -> None:
    """Feed an array's type, shape and values to a running digest."""
    state.update(f"{array.dtype.str}{array.shape}".encode())
    state.update(np.ascontiguousarray(array).data)


def as_slice(rows: Rows) -> Rows | slice:
    """Consecutive ascending rows as a slice, which copies nothing: the training split is large."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all()):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
