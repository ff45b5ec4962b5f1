"""One column of a table in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Rows, update_digest
from dnnctl.store.encoding import MISSING

CATEGORY = "category"


@dataclass(frozen=True)
class Column:
    """The values of a column, of which some can be missing."""

    name: str
    kind: str
    """`number`, `boolean` (0 or 1), `date` (days since 1970-01-01), or `category`."""
    values: Array
    """(N,) float64 with NaN where a value is missing; of categories, int32 indices of `texts`."""
    texts: tuple[str, ...] = ()
    """The categories, in ascending order. A missing category is the empty text."""
    format: str = ""
    """How numbers and dates are written: of dates, `day_first` or `month_first`; of numbers, their unit, or `1,000`.
    Empty for plain numbers, and dates with the year first."""
    note: str = ""
    """How such a value was read, for the user."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_category(self) -> bool:
        """Whether the values are text."""
        return self.kind == CATEGORY

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        """(N,) where a value is missing."""
        if not self.is_category:
            return np.isnan(self.values.astype(np.float64, copy=False))
        return self.values == (self.texts.index(MISSING) if MISSING in self.texts else -1)

    def take(self, rows: Rows | slice) -> Column:
        """The values of some rows, in this order."""
        return replace(self, values=self.values[rows])

    def raw_values(self) -> Array:
        """(N,) the values as a trained model takes them: text or float64."""
        return np.array(self.texts, object)[self.values.astype(np.intp)] if self.is_category else self.values

    def update_digest(self, state: Any) -> None:
        """Feed the name, the kind and the values to a running digest."""
        state.update(f"{self.kind} {len(self.name)} {self.name}".encode())
        if not self.is_category:
            update_digest(state, self.values.astype("<f8"))
            return
        used, ranks = np.unique(self.values, return_inverse=True)
        for text in (self.texts[code].encode() for code in used.tolist()):
            state.update(f"{len(text)} ".encode() + text)
        update_digest(state, ranks.astype("<i8"))
