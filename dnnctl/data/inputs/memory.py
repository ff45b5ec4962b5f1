"""New rows of a table that are in memory already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dnnctl.data.dataset import Array
from dnnctl.data.tables.table_file import TableStream
from dnnctl.errors import DataError
from dnnctl.store.encoding import TableEncoding

PLACE = "the given table"
BATCH = 65_536
MICROSECONDS_PER_DAY = 86_400e6


def stream_columns(given: Mapping[str, Any], encoding: TableEncoding) -> TableStream:
    """Columns in memory as a table; a DataFrame of pandas will do, too.

    Args:
        given: for each column its values, (N,): text, numbers, booleans, or dates, also as days since 1970-01-01. None
            and NaN are missing values.

    Raises:
        DataError: there are no values, or the columns have different lengths.
    """
    dates = {how.name for how in encoding.columns if how.kind == "date"}
    arrays = {str(name): _flat(given[name]) for name in given}
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        listed = ", ".join(f"{name!r} has {n}" for name, n in list(lengths.items())[:5]) or "there are no columns"
        raise DataError(f"The columns must have the same number of values, at least one: {listed}.")

    def batches(names: Sequence[str]) -> Iterator[pa.Table]:
        table = pa.table({name: _as_arrow(arrays[name], is_date=name in dates) for name in names})
        yield from (table.slice(start, BATCH) for start in range(0, table.num_rows, BATCH))

    return TableStream(PLACE, tuple(arrays), batches)


def _flat(values: Any) -> Array:
    array = np.asarray(values)
    is_number = array.dtype.kind in "fiubM"
    return (array if is_number else np.asarray(values, object)).reshape(-1)


def _as_arrow(values: Array, *, is_date: bool) -> pa.Array:
    if is_date and values.dtype.kind in "fiu":
        days = values.astype(np.float64)
        is_known = np.isfinite(days)
        times = np.where(is_known, days, 0.0) * MICROSECONDS_PER_DAY
        return pa.array(times.round().astype("datetime64[us]"), mask=~is_known)
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError):  # values of different types, which are then text
        return pa.array([None if value is None or value != value else str(value) for value in values.tolist()])
