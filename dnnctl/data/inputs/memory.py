"""New inputs that are in memory already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from dnnctl.data.dataset import Array
from dnnctl.data.inputs.arrays import ArrayInputs
from dnnctl.data.inputs.batch import InputForm, InputReader
from dnnctl.data.inputs.tables import TableInputs
from dnnctl.data.tables.table_file import TableStream, check_names
from dnnctl.data.tables.wording import listed
from dnnctl.errors import DataError, UserError
from dnnctl.store.encoding import TableEncoding

PLACE = "the given table"
BATCH = 65_536
MICROSECONDS_PER_DAY = 86_400e6


def open_memory(given: Any, form: InputForm, keep: Sequence[str] = ()) -> InputReader:
    """A reader of inputs in memory: of a table (see `stream_memory`), or an array, also as lists or a DataFrame.

    Args:
        keep: other columns of a table that are given along.

    Raises:
        UserError: they are something else, or do not fit the run.
    """
    if form.encoding is not None:
        return TableInputs(stream_memory(given, form.encoding), form, keep)
    if keep:
        raise UserError("`keep`: arrays have no named columns.")
    is_array = isinstance(given, list) or hasattr(given, "__array__")
    try:
        return ArrayInputs(np.asarray(given) if is_array else given, form)
    except ValueError:
        raise DataError("The inputs are lists of different lengths. Each example must have the same shape.") from None


def stream_memory(given: Any, encoding: TableEncoding) -> TableStream:
    """A table in memory: a dict of columns, a DataFrame of pandas or polars, an Arrow table, or a list of dicts.

    Raises:
        DataError: it is something else, has no rows, or its columns have different lengths.
    """
    if hasattr(given, "keys"):
        return stream_columns(given, encoding)
    if hasattr(given, "__arrow_c_stream__"):
        return _stream_arrow(pa.table(given))
    if isinstance(given, list) and given and all(isinstance(row, Mapping) for row in given):
        return stream_columns(_transposed(given), encoding)
    wanted = listed(how.name for how in encoding.columns)
    raise DataError(
        f"The run was trained on a table: its inputs are columns ({wanted}), not an array. Give a dict of columns, a "
        f"DataFrame, an Arrow table or a list of dicts. Received: {type(given).__name__}."
    )


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
        found = ", ".join(f"{name!r} has {n}" for name, n in list(lengths.items())[:5]) or "there are no columns"
        raise DataError(f"The columns must have the same number of values, at least one: {found}.")

    def batches(names: Sequence[str]) -> Iterator[pa.Table]:
        table = pa.table({name: _as_arrow(arrays[name], is_date=name in dates) for name in names})
        yield from (table.slice(start, BATCH) for start in range(0, table.num_rows, BATCH))

    return TableStream(PLACE, tuple(arrays), batches)


def _stream_arrow(table: pa.Table) -> TableStream:
    check_names(PLACE, table.column_names)
    if not table.num_rows:
        raise DataError(f"{PLACE} has columns, but no rows.")

    def batches(names: Sequence[str]) -> Iterator[pa.Table]:
        chosen = table.select(list(names))
        yield from (chosen.slice(start, BATCH) for start in range(0, table.num_rows, BATCH))

    return TableStream(PLACE, tuple(table.column_names), batches)


def _transposed(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The columns of a list of rows; those of the first row."""
    for number, row in enumerate(rows, 1):
        missing = [name for name in rows[0] if name not in row]
        if missing:
            raise DataError(f"Row {number} of the given table lacks {listed(missing)}, which row 1 has. Write None.")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _flat(values: Any) -> Array:
    array = np.asarray(values)
    if array.dtype == object and any(is_missing(value) for value in array.flat):
        array = np.array([None if is_missing(value) else value for value in array.flat], object)
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
        return pa.array([None if value is None else str(value) for value in values.tolist()])


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or the NA of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
