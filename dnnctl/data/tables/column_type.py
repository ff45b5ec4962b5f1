"""The type of a column, and its values in that type."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dnnctl.data.tables.column import CATEGORY, Column
from dnnctl.data.tables.date_text import ORDERS, YEAR_FIRST, days_of, read_dates
from dnnctl.data.tables.matching import PROBE
from dnnctl.data.tables.number_text import written_numbers
from dnnctl.data.tables.wording import quoted
from dnnctl.data.tables.written import written_fault
from dnnctl.errors import DataError
from dnnctl.store.encoding import MISSING

Floats = NDArray[np.float64]
MISSING_WORDS = ("NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "None", "<NA>", "?")
BOOLEANS = {
    "true": 1.0,
    "false": 0.0,
    "yes": 1.0,
    "no": 0.0,
    "t": 1.0,
    "f": 0.0,
    "y": 1.0,
    "n": 0.0,
    "1": 1.0,
    "0": 0.0,
}
INFERRED_BOOLEANS = ["true", "false"]
CODE = r"^[+-]?0\d"
"""A number with a leading zero: a postal code, an account, a time, but not a quantity."""
TEXT = pa.large_string()
FIX = "Fix it, add it to `data.source.missing.words`, or set another type in `data.source.features.types`."
ALLOWED = {
    "number": "a number, such as 1.5",
    "boolean": "true or false (or yes and no, 1 and 0)",
    "date": "a date, such as 2026-01-31 or 2026-01-31 12:30:00",
    CATEGORY: "text",
}
SPECIFIED = {f"date_{order}": ("date", order) for order in ORDERS}
"""Types of a spec that also say how text is written."""


@dataclass(frozen=True)
class Reading:
    """How the columns of a file are read."""

    path: str
    words: tuple[str, ...] = MISSING_WORDS
    """How missing values are written."""
    is_typed: bool = True
    """Whether text in the file is meant as text or dates; otherwise it can be numbers and booleans, too."""
    decimal: str = "."
    first_row: int = 0
    """The number of rows of the file before the first one that is read."""
    fix: str = FIX
    """What to do about a value of another type."""


class _Parsed(NamedTuple):
    """The values of a column that are not categories."""

    values: Floats
    """(N,)"""
    format: str = ""
    """How they are written, as in `Column`."""


def read_column(
    name: str, array: pa.ChunkedArray, reading: Reading, kind: str | None = None, format: str | None = None
) -> Column:
    """A column of an Arrow table.

    Args:
        kind: its type; None to infer it.
        format: how text of this type is written, as in `Column`; None to infer it.

    Raises:
        DataError: a value is not of this type, or the column holds lists, bytes or the like.
    """
    is_dictionary = pa.types.is_dictionary(array.type)
    array = _plain(name, array, reading)
    if kind is None and is_dictionary:
        kind = CATEGORY
    if kind is None:
        kind, parsed = _infer(array, reading)
    else:
        parsed = None if kind == CATEGORY else READERS[kind](array, reading, format)
    if kind == CATEGORY:
        return _category(name, array)
    if parsed is None:
        raise DataError(_misfit(name, array, kind, format, reading))
    return Column(name, kind, parsed.values, format=parsed.format, note=_note(array, kind, parsed, reading.decimal))


def _plain(name: str, array: pa.ChunkedArray, reading: Reading) -> pa.ChunkedArray:
    """The values without dictionary; text without surrounding blanks, and null where it says that it is missing."""
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    plain = _try_cast(array, TEXT if _is_text(kind) else kind, is_safe=True)
    if plain is None or not any(is_supported(kind) for is_supported in SUPPORTED):
        raise DataError(
            f"{reading.path}: column {quoted(name)} has the type {quoted(str(array.type))}, which a network cannot "
            "use. Add it to `data.source.features.exclude`."
        )
    if not _is_text(kind):
        return plain
    plain = pc.utf8_trim_whitespace(plain)
    is_missing = pc.is_in(plain, value_set=pa.array([MISSING, *reading.words], TEXT))
    return pc.if_else(is_missing, pa.scalar(None, TEXT), plain)


def _is_text(kind: pa.DataType) -> bool:
    is_view = hasattr(pa.types, "is_string_view") and pa.types.is_string_view(kind)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or is_view


def _is_date(kind: pa.DataType) -> bool:
    return pa.types.is_date(kind) or pa.types.is_timestamp(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


SUPPORTED = (_is_text, _is_date, _is_number, pa.types.is_boolean, pa.types.is_null)


def _infer(array: pa.ChunkedArray, reading: Reading) -> tuple[str, _Parsed | None]:
    """The type, and the values if they are not categories. A column without values is a number."""
    if array.null_count == len(array):
        return "number", _Parsed(np.full(len(array), np.nan))
    if not _is_text(array.type):
        of_date, of_boolean = _is_date(array.type), pa.types.is_boolean(array.type)
        kind = "date" if of_date else "boolean" if of_boolean else "number"
        return kind, READERS[kind](array, reading, None)
    if not reading.is_typed:
        numbers = _numbers(array, reading, None)
        if numbers is not None:
            is_code = pc.any(pc.match_substring_regex(array, CODE)).as_py()
            return (CATEGORY, None) if is_code else ("number", numbers)
        if pc.all(pc.is_in(pc.utf8_lower(array), value_set=pa.array([*INFERRED_BOOLEANS, None], TEXT))).as_py():
            return "boolean", _booleans(array, reading, None)
    dates = _dates(array, reading, None)
    return (CATEGORY, None) if dates is None else ("date", dates)


def _numbers(array: pa.ChunkedArray, reading: Reading, format: str | None) -> _Parsed | None:
    """(N,) the values as numbers; None if one is not a number."""
    if _is_date(array.type):
        return _dates(array, reading, format)
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    numbers = _plain_numbers(array, reading.decimal)
    if numbers is not None or not _is_text(array.type):
        return None if numbers is None else _Parsed(numbers, format or "")
    written = written_numbers(array, reading.decimal)
    if written is None or format not in (None, written[1]):
        return None
    numbers = _cast(written[0], pa.float64())
    return None if numbers is None else _Parsed(numbers, written[1])


def _plain_numbers(array: pa.ChunkedArray, decimal: str) -> Floats | None:
    """(N,) numbers, or text with numbers without separators and units."""
    if _is_text(array.type) and decimal != ".":
        if pc.any(pc.match_substring(array, ".")).as_py():  # 1.234 means 1234
            return None
        array = pc.replace_substring(array, decimal, ".")
    return _cast(array, pa.float64())


def _booleans(array: pa.ChunkedArray, _reading: Reading, _format: str | None) -> _Parsed | None:
    """(N,) the values as 0 and 1; None if one is not a boolean."""
    if pa.types.is_boolean(array.type):
        return _Parsed(np.asarray(array.cast(pa.int8()).cast(pa.float64()).to_numpy(), np.float64))
    if not _is_text(array.type):
        numbers = _cast(array, pa.float64())
        is_binary = numbers is not None and bool(np.isin(numbers[~np.isnan(numbers)], (0, 1)).all())
        return _Parsed(numbers) if numbers is not None and is_binary else None
    index = _cast(pc.index_in(pc.utf8_lower(array), value_set=pa.array(list(BOOLEANS), TEXT)), pa.float64())
    if index is None or int(np.isnan(index).sum()) != array.null_count:
        return None
    return _Parsed(np.array([*BOOLEANS.values(), np.nan])[np.where(np.isnan(index), len(BOOLEANS), index).astype(int)])


def _dates(array: pa.ChunkedArray, _reading: Reading, format: str | None) -> _Parsed | None:
    """(N,) the values as days since 1970-01-01; None if one is not a date."""
    if _is_text(array.type):
        found = read_dates(array, YEAR_FIRST if format == "" else format)
        return None if found is None else _Parsed(found[0], "" if found[1] == YEAR_FIRST else found[1])
    days = days_of(array) if _is_date(array.type) or pa.types.is_null(array.type) else None
    return None if days is None else _Parsed(days, format or "")


READERS: dict[str, Callable[[pa.ChunkedArray, Reading, str | None], _Parsed | None]] = {
    "number": _numbers,
    "boolean": _booleans,
    "date": _dates,
}


def _note(array: pa.ChunkedArray, kind: str, parsed: _Parsed, decimal: str) -> str:
    """How the first value was read, if text was more than a plain number or a date of ISO 8601."""
    if not parsed.format or not _is_text(array.type):
        return ""
    row = _first_written(array, decimal)
    value = parsed.values[row]
    read = str(np.datetime64(int(value // 1), "D")) if kind == "date" else f"{value:.10g}"
    return f"{quoted(array[row].as_py())} is read as {read}"


def _first_written(array: pa.ChunkedArray, decimal: str) -> int:
    """The row of the first value that is not a plain number; otherwise of the first value."""
    is_written = pc.fill_null(pc.match_substring_regex(array, rf"[^-+{decimal}\d]"), False)
    found = pc.index(is_written, True).as_py()
    return int(found if found >= 0 else pc.index(array.is_valid(), True).as_py())


def _cast(array: pa.ChunkedArray, kind: pa.DataType) -> Floats | None:
    cast = _try_cast(array, kind, is_safe=False)
    return None if cast is None else np.asarray(cast.to_numpy(), np.float64)


def _try_cast(array: pa.ChunkedArray, kind: pa.DataType, *, is_safe: bool) -> pa.ChunkedArray | None:
    """The values in another type; None if one cannot be converted."""
    try:
        array.slice(0, PROBE).cast(kind, safe=is_safe)  # a cast that fails is much slower than one that does not
        return array.cast(kind, safe=is_safe)
    except pa.ArrowException:
        return None


def _category(name: str, array: pa.ChunkedArray) -> Column:
    """The values as text."""
    encoded = array.dictionary_encode().unify_dictionaries()
    chunks = [chunk for chunk in encoded.chunks if len(chunk)]
    values = chunks[0].dictionary.to_pylist() if chunks else []
    texts = [MISSING, *_as_text(values)]
    codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks]) + 1
    distinct, rank = np.unique(np.array(texts, object), return_inverse=True)
    used, used_rank = np.unique(rank[codes], return_inverse=True)
    return Column(name, CATEGORY, used_rank.astype(np.int32), tuple(distinct[used].tolist()))


def _as_text(values: Iterable[Any]) -> Iterable[str]:
    """Whole numbers without decimal places, booleans as in YAML."""
    for value in values:
        if value is None or value != value:
            yield MISSING
        elif isinstance(value, bool):
            yield str(value).lower()
        else:
            is_whole = isinstance(value, float) and value.is_integer()
            yield str(int(value)) if is_whole else str(value)


def _misfit(name: str, array: pa.ChunkedArray, kind: str, format: str | None, reading: Reading) -> str:
    """The message for a column that is not of a type, with the first value that is not."""
    column = f"{reading.path}: column {quoted(name)} is a {kind}"
    of_date = kind == "date" and format is None
    row = max(_first_misfit(array, kind, order, reading) for order in (ORDERS if of_date else (format,)))
    if row == len(array):
        texts = [text for text in pc.unique(array).to_pylist() if text is not None]
        return f"{reading.path}: column {quoted(name)} {written_fault(name, texts)}"
    found = f"{quoted(str(array[row].as_py()))} in row {reading.first_row + row + 1}"
    rule = f"a number, such as 1{reading.decimal}5" if kind == "number" else ALLOWED[kind]
    if format:
        rule += f", written as in training ({format.replace('_', ' ')})"
    return f"{column}, but {found} is not {rule}. {reading.fix}"


def _first_misfit(array: pa.ChunkedArray, kind: str, format: str | None, reading: Reading) -> int:
    """The first row whose value is not of a type; N if there is none."""

    def is_misfit(n: int) -> bool:
        return READERS[kind](array.slice(0, n), reading, format) is None

    return bisect_left(range(1, len(array) + 1), True, key=is_misfit)
