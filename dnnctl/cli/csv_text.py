"""Tables as comma-separated values that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from dnnctl.text import is_number, visible

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""The first characters that make a spreadsheet treat a cell as a formula, which may run programs."""


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """The rows as lines of comma-separated values. Text that would be a formula starts with an apostrophe."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([_as_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _as_cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    is_formula = value.startswith(FORMULA) and not is_number(value)
    return f"'{visible(value)}" if is_formula else visible(value)
