"""The rows of a table before they are encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Part, Rows, update_digest
from dnnctl.data.tables.column import Column


@dataclass(frozen=True)
class Examples:
    """Raw columns and targets. Splits are drawn from these; inputs exist only after encoding."""

    features: tuple[Column, ...]
    targets: Array
    """(N,) int32 class numbers, or (N, K) float32 numbers."""
    weights: NDArray[np.float32] | None = None
    """(N,)"""
    groups: Column | None = None
    dates: Column | None = None

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example's input, which has no values before encoding."""
        return (0,)

    @property
    def input_type(self) -> np.dtype[Any]:
        """The type of the inputs."""
        return np.dtype(np.float32)

    def take(self, rows: Rows | slice) -> Part:
        """The targets of some rows. Their inputs have no values yet: (len(rows), 0)."""
        targets = self.targets[rows]
        return Part(
            np.empty((len(targets), 0), np.float32), targets, None if self.weights is None else self.weights[rows]
        )

    def select(self, rows: Rows, keep: Callable[[Column], Column]) -> Examples:
        """Some of the rows, in this order.

        Args:
            keep: what to do with each new column of the features.
        """
        return Examples(
            tuple(keep(column.take(rows)) for column in self.features),
            self.targets[rows],
            None if self.weights is None else self.weights[rows],
            None if self.groups is None else self.groups.take(rows),
            None if self.dates is None else self.dates.take(rows),
        )

    def update_digest(self, state: Any) -> None:
        """Feed names, kinds and values of all columns that are used to a running digest."""
        for column in (*self.features, self.groups, self.dates):
            if column is not None:
                column.update_digest(state)
        update_digest(state, self.targets)
        if self.weights is not None:
            update_digest(state, self.weights)
