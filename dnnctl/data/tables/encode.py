"""From raw columns to the values that a network gets.

Shapes: the encoded rows are (N, F), where F is the sum of the columns' widths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Rows
from dnnctl.data.tables.column import CATEGORY, Column
from dnnctl.data.tables.wording import quoted
from dnnctl.errors import DataError
from dnnctl.specs.table import ConstantImputation, NumberImputation, Table
from dnnctl.store.encoding import UNKNOWN, ColumnEncoding, TableEncoding

Floats = NDArray[np.float64]


def fit_encoding(columns: Sequence[Column], rows: Rows, source: Table, scaling: str) -> TableEncoding:
    """How columns are encoded, with statistics of these rows.

    Args:
        scaling: `data.scaling`. `auto` means `standardize`.
    """
    return TableEncoding(tuple(_fit(column.take(rows), source, scaling) for column in columns))


def encode(encoding: TableEncoding, columns: Sequence[Column]) -> NDArray[np.float32]:
    """(N, F) the encoded rows.

    Raises:
        DataError: a value is too large for float32.
    """
    encoded = np.zeros((len(columns[0]), encoding.width), np.float32)
    start = 0
    for column, how in zip(columns, encoding.columns, strict=True):
        block = encoded[:, start : start + how.width]
        if how.kind == CATEGORY:
            _encode_category(column, how, block)
        else:
            _encode_number(column, how, block)
        if not np.isfinite([how.mean, how.deviation]).all() or not np.isfinite(block).all():
            raise DataError(
                f"Column {quoted(column.name)} has values that are too large for float32 after scaling. "
                "Use another unit, or remove outliers."
            )
        start += how.width
    return encoded


def _fit(column: Column, source: Table, scaling: str) -> ColumnEncoding:
    if column.is_category:
        categories = tuple(column.texts[code] for code in np.unique(column.values))
        is_embedded = len(categories) > source.features.one_hot_limit
        return ColumnEncoding(column.name, CATEGORY, categories=categories, is_embedded=is_embedded)
    present = column.values[~column.is_missing].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        fill = _fill(present, column.kind, source.missing.numbers)
        filled = np.where(column.is_missing, fill, column.values)
        mean, deviation = (0.0, 1.0) if column.kind == "boolean" else _scale(filled, scaling)
    low, high = (None, None) if not len(present) else (float(present.min()), float(present.max()))
    is_missing = bool(column.is_missing.any())
    return ColumnEncoding(
        column.name, column.kind, fill, mean, deviation, is_missing, minimum=low, maximum=high, format=column.format
    )


def _fill(present: Floats, kind: str, imputation: NumberImputation) -> float:
    """The value for a missing one; 0 if all are missing."""
    if isinstance(imputation, ConstantImputation) and kind == "number":
        return imputation.value
    if not len(present):
        return 0.0
    if kind == "boolean" or (kind == "number" and imputation.kind == "most_frequent"):
        values, counts = np.unique(present, return_counts=True)
        return float(values[counts.argmax()])
    return float(present.mean() if kind == "number" and imputation.kind == "mean" else np.median(present))


def _scale(filled: Floats, scaling: str) -> tuple[float, float]:
    """The mean and the deviation: of `standardize` the moments, of `unit` the minimum and the range."""
    low, high = float(filled.min()), float(filled.max())
    if scaling == "none":
        return 0.0, 1.0
    if low == high:
        return low, 1.0
    mean, deviation = (low, high - low) if scaling == "unit" else (float(filled.mean()), float(filled.std()))
    return mean, deviation if deviation > 0 else 1.0


def _encode_number(column: Column, how: ColumnEncoding, block: Array) -> None:
    is_missing = column.is_missing
    with np.errstate(over="ignore", invalid="ignore"):
        block[:, 0] = (np.where(is_missing, how.fill, column.values) - how.mean) / how.deviation
    if how.has_indicator:
        block[:, 1] = is_missing


def _encode_category(column: Column, how: ColumnEncoding, block: Array) -> None:
    slot_of = {category: slot for slot, category in enumerate(how.categories, start=UNKNOWN + 1)}
    slots = np.array([slot_of.get(text, UNKNOWN) for text in column.texts], np.intp)[column.values.astype(np.intp)]
    if how.is_embedded:
        block[:, 0] = slots
    else:
        known = np.flatnonzero(slots != UNKNOWN)
        block[known, slots[known] - 1] = 1
