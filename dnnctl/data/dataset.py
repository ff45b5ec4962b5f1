"""A data set, row by row.

Shapes: N is the number of examples; inputs are (N, …), labels (N,), numbers (N, K).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from dnnctl.store.column_summary import ColumnSummary
from dnnctl.store.encoding import TableEncoding

Task = Literal["classes", "labels", "numbers"]
"""What targets are: the class of each example, several labels that are 0 or 1 each, or numbers."""
Array = NDArray[np.generic]
Rows = NDArray[np.intp]

DIGEST_ROWS = 4096
"""The number of rows that are read at once for a digest."""


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

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""
        return tuple(self.inputs.shape[1:])

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type of the inputs."""
        return self.inputs.dtype

    def take(self, rows: Rows | slice) -> Part:
        """Some of the examples."""
        return Part(self.inputs[rows], self.targets[rows], None if self.weights is None else self.weights[rows])

    def update_digest(self, state: Any) -> None:
        """Feed the examples to a running digest."""
        for array in (self.inputs, self.targets, self.weights):
            if array is not None:
                update_digest(state, array)


class RowSource(Protocol):
    """Examples that are read by row number. Targets and weights are always in memory, inputs need not be."""

    @property
    def targets(self) -> Array:
        """(N,) int32 class numbers, or (N, K) float32 numbers."""

    @property
    def weights(self) -> NDArray[np.float32] | None:
        """(N,) 0 or greater; None if all examples have the weight 1."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type of the inputs: uint8 or float32."""

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

    @property
    def weights(self) -> NDArray[np.float32] | None:
        """(len(rows),) 0 or greater; None if all examples have the weight 1."""
        return None if self.source.weights is None else self.source.weights[self.rows]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""
        return self.source.input_shape

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type of the inputs."""
        return self.source.input_type

    def take(self, rows: Rows | slice) -> Part:
        """Read the examples of these rows of the subset, in this order."""
        part = self.source.take(as_slice(self.rows[rows]))
        return Part(part.inputs, self.targets[rows], part.weights)

    def update_digest(self, state: Any) -> None:
        """Feed the examples to a running digest."""
        for start in range(0, len(self), DIGEST_ROWS):
            self.take(slice(start, start + DIGEST_ROWS)).update_digest(state)


@dataclass(frozen=True)
class RawData:
    """A data set as it is in its source: a training split, and the other splits that the source has."""

    train: RowSource
    test: RowSource | None
    task: Task
    class_names: tuple[str, ...] = ()
    validation: RowSource | None = None
    groups: Array | None = None
    """(N,) the group of each training example. A group is never divided between two splits."""
    dates: Array | None = None
    """(N,) the date of each training example. Validation examples are newer than training examples."""
    fit: Callable[[Rows, str], RawData] | None = None
    """Encodes the inputs with statistics of these training rows, for a `data.scaling`; None if inputs are used as they
    are."""
    encoding: TableEncoding | None = None
    """How the columns of a table were encoded; None if the inputs are not the rows of a table."""
    warnings: tuple[str, ...] = ()
    """What the user should know about the files."""
    columns: tuple[ColumnSummary, ...] = ()
    """The columns of a table in the order of the file, in the training rows; empty before `fit`."""
    row_numbers: Rows | None = None
    """(N,) the row of each training example in its file; None if the examples are the rows of the file, in order."""
    files: Sequence[str] = ()
    """By row number the file of a training example, if each has a file of its own."""

    def numbers_of(self, rows: Rows) -> Rows:
        """The rows in the file of some training examples."""
        return rows if self.row_numbers is None else self.row_numbers[rows]

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
    columns: tuple[ColumnSummary, ...] = ()
    """The columns of a table in the order of the file, in the training split."""
    warnings: tuple[str, ...] = ()
    """What the user should know about the data."""
    source_rows: Mapping[str, Rows] = field(default_factory=dict)
    """The rows in their file of the `train` and the `unlabelled` examples."""
    files: Sequence[str] = ()
    """By row in the source the file of a training example, if each has a file of its own."""
    class_weights: NDArray[np.float32] | None = None
    """(K,) the weight of each class in the training loss; None if all classes have the weight 1."""

    @property
    def weighted_train(self) -> Part:
        """The training examples, whose weights are multiplied by the weights of their classes."""
        if self.class_weights is None:
            return self.train
        of_class = self.class_weights[self.train.targets.astype(np.intp)]
        weights = of_class if self.train.weights is None else of_class * self.train.weights
        return replace(self.train, weights=weights)

    @property
    def n_outputs(self) -> int:
        """The number of classes, of labels, or of numbers to predict."""
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
