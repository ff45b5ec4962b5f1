"""From the values that a network gets back to those of the columns, as text.

Shapes: F is the sum of the columns' widths.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from dnnctl.data.dataset import Array
from dnnctl.data.tables.column import CATEGORY
from dnnctl.store.encoding import UNKNOWN, ColumnEncoding, TableEncoding

EPOCH = date(1970, 1, 1)
MISSING = "missing"


def decode(encoding: TableEncoding, row: Array) -> dict[str, str]:
    """The values of a row (F,), by column."""
    found, start = {}, 0
    for how in encoding.columns:
        values = row[start : start + how.width].astype(np.float64)
        found[how.name] = _category(how, values) if how.kind == CATEGORY else _number(how, values)
        start += how.width
    return found


def _category(how: ColumnEncoding, values: Array) -> str:
    slot = round(float(values[0])) if how.is_embedded else int(values.argmax()) + 1 if values.any() else UNKNOWN
    return how.categories[slot - 1] if UNKNOWN < slot <= len(how.categories) else "unknown"


def _number(how: ColumnEncoding, values: Array) -> str:
    if how.has_indicator and float(values[1]) > 0.5:
        return MISSING
    value = float(values[0]) * how.deviation + how.mean
    if how.kind == "boolean":
        return "true" if value > 0.5 else "false"
    return str(EPOCH + timedelta(days=round(value))) if how.kind == "date" else f"{value:.6g}"
