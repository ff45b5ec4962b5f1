"""What is known about one column of a table, for the table that is printed before training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ColumnSummary:
    """One column, in the training split."""

    name: str
    type: str
    """`number`, `boolean`, `date` or `category`; empty for a column that was not read."""
    role: str
    """What the column is used for: `standardized`, `one-hot, 5`, `embedding of 31`, `target: 3 classes`, `excluded`."""
    n_missing: int = 0
    n_distinct: int = 0
    minimum: float | None = None
    maximum: float | None = None
    """Numbers, booleans and dates (in days since 1970-01-01): None without values."""
    example: str = ""
    """A value as text: of a category, the most frequent one."""
