"""Tables as comma-separated values that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dnnctl.text import is_number, visible

if TYPE_CHECKING:
    import pyarrow as pa

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


def as_cells(values: Any) -> pa.Array:
    """The cells of a column, as `as_csv` writes them: numbers with all their digits, and nothing for missing values.

    Args:
        values: (N,) an array or a list.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    given = np.asarray(values) if isinstance(values, range) else values
    text = pa.large_string()
    try:
        column = pa.array(given)
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        found = column.cast(text)
    except pa.ArrowException:  # lists, or values of different types
        found = pa.array([None if value is None or value != value else str(value) for value in given], text)
        column = found
    if not pa.types.is_primitive(column.type):
        found = _escaped(found)
    return found.fill_null("")


def _escaped(texts: pa.Array) -> pa.Array:
    import pyarrow as pa

    encoded = texts.dictionary_encode()
    lines = as_csv([text] for text in encoded.dictionary.to_pylist()).split("\n")[:-1]
    cells = pa.array(["" if line == '""' else line for line in lines], pa.large_string())
    return cells.take(encoded.indices)
