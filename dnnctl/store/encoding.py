"""How the columns of a table become the values that a network gets: encoding.json of a run.

Shapes: N is the number of rows; the encoded rows are (N, F) float32, where F is the sum of the columns' widths.
"""

from __future__ import annotations

from dataclasses import dataclass

UNKNOWN = 0
"""The slot of a category that the training split does not have."""
MISSING = ""
"""How a missing category is written. It is a category like any other if the training split has it."""


@dataclass(frozen=True)
class ColumnEncoding:
    """One column of the input."""

    name: str
    kind: str
    """`number`, `boolean` (0 or 1), `date` (days since 1970-01-01), or `category` (text)."""
    fill: float = 0.0
    """Numbers, booleans and dates: the value that replaces a missing one."""
    mean: float = 0.0
    deviation: float = 1.0
    """Numbers and dates: the encoded value is (value - mean) / deviation, computed in float64."""
    has_indicator: bool = False
    """Whether a second encoded value follows: 1 where the value is missing, else 0."""
    categories: tuple[str, ...] = ()
    """Categories: the slots 1, 2, …; slot 0 is for values that are not in this list."""
    is_embedded: bool = False
    """Whether the encoded value is the number of the slot, for a learned embedding. Otherwise there is a value for each
    slot from 1, which is 1 for the category of that slot. An unknown category has only zeros: no weight of the network
    could have learned anything about it."""
    minimum: float | None = None
    maximum: float | None = None
    """Numbers and dates: the range in the training split. It does not change the encoded value; `predict` reports
    values outside of it. None if it is unknown, or all values are missing."""
    format: str = ""
    """How text is written: of dates, `day_first` or `month_first`; of numbers, their unit, such as `$`, or `1,000`.
    Empty for plain numbers, and dates with the year first."""

    @property
    def n_slots(self) -> int:
        """The number of slots of a category, with the one for unknown values."""
        return len(self.categories) + 1

    @property
    def width(self) -> int:
        """The number of encoded values."""
        if self.kind == "category":
            return 1 if self.is_embedded else len(self.categories)
        return 1 + self.has_indicator


@dataclass(frozen=True)
class TableEncoding:
    """All columns, in the order of the encoded values."""

    columns: tuple[ColumnEncoding, ...]

    @property
    def width(self) -> int:
        """F, the number of encoded values of a row."""
        return sum(column.width for column in self.columns)
