"""Rows that are unlike the training examples."""

from __future__ import annotations

from collections import Counter

import numpy as np

from dnnctl.data.tables.column import Column
from dnnctl.data.tables.wording import quoted
from dnnctl.store.encoding import MISSING, ColumnEncoding
from dnnctl.text import format_count

MOST_LISTED = 5


class Drift:
    """Counts values that the training split does not have, by column."""

    def __init__(self) -> None:
        self.n_rows = 0
        self.outside: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.missing: Counter[str] = Counter()

    def add(self, how: ColumnEncoding, column: Column) -> None:
        """Count the values of some rows of a column."""
        is_missing = column.is_missing
        if column.is_category:
            known = set(how.categories)
            is_unknown = np.array([text not in known and text != MISSING for text in column.texts], bool)
            self.unknown[column.name] += int(is_unknown[column.values.astype(np.intp)].sum())
            is_new = MISSING not in known
        else:
            is_new = not how.has_indicator
            if how.minimum is not None and how.maximum is not None:
                with np.errstate(invalid="ignore"):
                    numbers = column.values.astype(np.float64, copy=False)
                    is_outside = (numbers < how.minimum) | (numbers > how.maximum)
                self.outside[column.name] += int(is_outside.sum())
        self.missing[column.name] += int(is_missing.sum()) if is_new else 0

    def notes(self) -> list[str]:
        """A sentence for each kind of difference."""
        findings = (
            (self.outside, "values outside the range of the training data"),
            (self.unknown, "categories that no training example has"),
            (self.missing, "no value in columns that have no missing values in training"),
        )
        return [f"some rows have {what}: {self._list(counts)}" for counts, what in findings if +counts]

    def _list(self, counts: Counter[str]) -> str:
        n = len(+counts)
        named = [f"{quoted(name)} in {count:,}" for name, count in counts.most_common(min(n, MOST_LISTED))]
        more = [f"and {format_count(n - MOST_LISTED, 'more column')}"] if n > MOST_LISTED else []
        return f"{', '.join([*named, *more])} of {format_count(self.n_rows, 'row')}"
