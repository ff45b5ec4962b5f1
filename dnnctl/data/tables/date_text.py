"""Dates as people write them: 2024-07-07, 07.07.2024, 7/7/2024 10:00 AM, 7 Jul 2024, 2024-07-07T10:00:00+02:00.

Shapes: N is the number of rows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dnnctl.data.tables.matching import PROBE, all_match

Floats = NDArray[np.float64]
YEAR_FIRST, DAY_FIRST, MONTH_FIRST = "year_first", "day_first", "month_first"
ORDERS = (DAY_FIRST, MONTH_FIRST)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTH = f"(?i:{'|'.join(MONTHS)})[a-z]*"
END = r"(?:[ T,].*)?$"
NAMED = rf"^(?:\d{{1,2}}[-. ]+{MONTH}[-., ]+\d{{4}}|{MONTH}[-. ]+\d{{1,2}}[, ]+\d{{4}}){END}"
HAS_YEAR_FIRST = rf"^\d{{4}}[-./]\d{{1,2}}[-./]\d{{1,2}}{END}"
ONE_ORDER = rf"(?:{NAMED}|{HAS_YEAR_FIRST})"
POINTS = rf"^\d{{1,2}}\.\d{{1,2}}\.\d{{4}}{END}"
FOUR_DIGITS = rf"^\d{{1,2}}[-./]\d{{1,2}}[-./]\d{{4}}{END}"
TWO_DIGITS = rf"^\d{{1,2}}[-./]\d{{1,2}}[-./]\d{{2}}{END}"
LOOKS_LIKE = f"(?:{ONE_ORDER}|{FOUR_DIGITS}|{TWO_DIGITS})"
HALF = r"(?i)\s*(?P<half>[ap])\.?m\.?$"
"""The half of a day: AM or PM."""
TO_ISO = (
    (r"^(\d{4})[-./](\d{1,2})[-./](\d{1,2})", r"\1-\2-\3"),
    (r"^(\d{4})-(\d)-", r"\1-0\2-"),
    (r"^(\d{4}-\d\d)-(\d)(\D|$)", r"\1-0\2\3"),
    (r"^(\d{4}-\d\d-\d\d)[ T,]+", r"\1 "),
    (r"^(\d{4}-\d\d-\d\d) (\d)(:|$)", r"\1 0\2\3"),
    (r" *(?:UTC|GMT|Z)$", "Z"),
    (r" +([+-]\d\d(?::?\d\d)?)$", r"\1"),
)
"""Steps from a date with the year first, and a time, to those of ISO 8601."""
MICROSECONDS_PER_DAY = 86_400_000_000


def read_dates(array: pa.ChunkedArray, order: str | None) -> tuple[Floats, str] | None:
    """(N,) text as days since 1970-01-01, and the order in which it is written; None if a value is not a date.

    Args:
        order: `day_first`, `month_first`, or `year_first`, which excludes dates such as 7/7/2024. None to find it; it
            is not found if both orders are possible, or if years have two digits.
    """
    found = order or find_order(array)
    days = None if found is None else in_order(array, found)
    return None if days is None or found is None else (days, found)


def find_order(array: pa.ChunkedArray) -> str | None:
    """The only order in which all values are dates; None if there is none, or if there are several."""
    if all_match(array, ONE_ORDER):
        return YEAR_FIRST
    if not all_match(array, f"(?:{ONE_ORDER}|{FOUR_DIGITS})"):
        return None
    possible = [order for order in ORDERS if in_order(array, order) is not None]
    is_clear = len(possible) == 1 or all_match(array, f"(?:{ONE_ORDER}|{POINTS})")
    return possible[0] if possible and is_clear else None


def in_order(array: pa.ChunkedArray, order: str) -> Floats | None:
    """(N,) text as days since 1970-01-01; None if a value is not a date in this order."""
    days = days_of(array)
    if days is not None or not all_match(array, ONE_ORDER if order == YEAR_FIRST else LOOKS_LIKE):
        return days
    half = pc.utf8_lower(pc.struct_field(pc.extract_regex(array, HALF), "half"))
    text = pc.replace_substring_regex(array, HALF, "")
    for pattern, iso in (*_first_steps(order), *TO_ISO):
        text = pc.replace_substring_regex(text, pattern, iso)
    days = days_of(text)
    return days if days is None or half.null_count == len(half) else _on_24_hours(days, text, half)


def days_of(array: pa.ChunkedArray) -> Floats | None:
    """(N,) dates, or text as in ISO 8601, as days since 1970-01-01; None if a value is not one. Times become UTC."""
    is_safe = not (pa.types.is_date(array.type) or pa.types.is_timestamp(array.type))
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            array.slice(0, PROBE).cast(kind, safe=is_safe)  # a cast that fails is much slower than one that does not
            times = array.cast(kind, safe=is_safe).cast(pa.int64()).cast(pa.float64(), safe=False)
        except pa.ArrowException:
            continue
        return np.asarray(times.to_numpy(), np.float64) / MICROSECONDS_PER_DAY
    return None


def _first_steps(order: str) -> list[tuple[str, str]]:
    """Steps to dates with the year first. Years of two digits are those from 1969 to 2068."""
    named = [
        step
        for number, name in enumerate(MONTHS, 1)
        for step in (
            (rf"(?i)^(\d{{1,2}})[-. ]+{name}[a-z]*[-., ]+(\d{{4}})", rf"\2-{number:02}-\1"),
            (rf"(?i)^{name}[a-z]*[-. ]+(\d{{1,2}})[, ]+(\d{{4}})", rf"\2-{number:02}-\1"),
        )
    ]
    if order == YEAR_FIRST:
        return named
    day, month = (r"\1", r"\2") if order == DAY_FIRST else (r"\2", r"\1")
    start = r"^(\d{1,2})[-./](\d{1,2})[-./]"
    years = (r"(\d{4})", r"\3"), (r"(69|[7-9]\d)\b", r"19\3"), (r"(\d\d)\b", r"20\3")
    return [*named, *((start + digits, f"{year}-{month}-{day}") for digits, year in years)]


def _on_24_hours(days: Floats, text: pa.ChunkedArray, half: pa.ChunkedArray) -> Floats | None:
    """(N,) the days, whose times have an `a` or `p` for the half of the day; None if an hour is not from 1 to 12."""
    hour = pc.struct_field(pc.extract_regex(text, r" (?P<hour>\d\d)"), "hour").cast(pa.float64()).to_numpy()
    is_half, is_pm = (np.asarray(each, bool) for each in (half.is_valid(), pc.fill_null(pc.equal(half, "p"), False)))
    if not ((hour[is_half] >= 1) & (hour[is_half] <= 12)).all():
        return None
    later = np.where(is_pm & (hour != 12), 0.5, np.where(~is_pm & (hour == 12), -0.5, 0.0))
    return days + np.where(is_half, later, 0.0)
