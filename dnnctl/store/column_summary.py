"""What is known about one column of a table, for the table that is printed before training."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class ColumnSummary:
    """One column, in the training split."""

    name: str
    type: str
    """`number`, `boolean`, `date` or `category`; empty for a column that was not read."""
    role: str
    """What the column is used for: `standardized`, `one-hot, 4`, `embedding of 31`, `target: 3 classes`, `excluded`."""
    n_missing: int = 0
    n_distinct: int = 0
    minimum: float | None = None
    maximum: float | None = None
    """Numbers, booleans and dates (in days since 1970-01-01); None of categories and without values."""
    example: str = ""
    """A value as text: of a category, the most frequent one."""
    note: str = ""
    """How text such as `$1,200` or `31.12.2026` was read; empty for plain values."""

    @property
    def span(self) -> str:
        """The values as text: `1.5 … 20`, `2020-01-31 … 2020-12-31`, or an example of a category."""
        if self.minimum is None or self.maximum is None:
            return self.example
        return " … ".join(dict.fromkeys(self._written(value) for value in (self.minimum, self.maximum)))

    def _written(self, value: float) -> str:
        if self.type != "date":
            return f"{value:.6g}"
        is_in_calendar = (date.min - EPOCH).days <= value < (date.max - EPOCH).days + 1
        return str(EPOCH + timedelta(days=value // 1)) if is_in_calendar else f"{value:.6g} days"
