"""Inputs that are read when they are needed: for data that are larger than memory.

Shapes: N is the number of rows; a row has the shape of one example's input.
"""

from __future__ import annotations

import numpy as np

from dnnctl.data.dataset import Array, Part, Rows, RowSource, as_slice


class LazyInputs:
    """Some rows of a source, which behave like an array of their inputs (N, …) that can be indexed by rows.

    Args:
        source: reads the rows.
        rows: (N,) the row numbers.
    """

    def __init__(self, source: RowSource, rows: Rows) -> None:
        self.source = source
        self.rows = rows
        self.shape = (len(rows), *source.input_shape)
        self.dtype = source.input_type
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """The memory that they take: none."""
        return 0

    def __getitem__(self, rows: Rows | slice | int) -> Array:
        if isinstance(rows, int | np.integer):
            return self[np.array([rows])][0]
        return self.source.take(as_slice(self.rows[rows])).inputs


def lazy_part(source: RowSource, rows: Rows) -> Part:
    """Examples whose inputs stay where they are; targets and weights are in memory."""
    weights = source.weights
    return Part(
        LazyInputs(source, rows),  # type: ignore[arg-type]
        source.targets[rows],
        None if weights is None else weights[rows],
    )


def n_bytes(source: RowSource, n_rows: int) -> int:
    """The memory that the inputs of some rows need, in bytes."""
    return n_rows * int(np.prod(source.input_shape, dtype=np.int64)) * source.input_type.itemsize
