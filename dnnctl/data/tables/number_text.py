"""Numbers as people write them: $186,369, 16 %, 1,234.5, or €1.200,50 with decimal commas."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from dnnctl.data.tables.matching import all_match

UNIT = r"(?:\p{Sc}|%|EUR|USD|GBP|CHF|JPY)"
SPACES = "\\s'\u00a0\u202f\u2019"
THOUSANDS = "1,000"
"""The format of numbers without a unit."""


def written_numbers(array: pa.ChunkedArray, decimal: str) -> tuple[pa.ChunkedArray, str] | None:
    """The numbers without unit and separators, as text that can be cast, and how they were written: their unit, or
    `1,000`. None if one value is not a number, or the units differ.

    Args:
        array: (N,) text without surrounding blanks.
        decimal: the character before decimal places; the other one of point and comma is between thousands.
    """
    if not all_match(array, number_pattern(decimal)):
        return None
    units = pc.unique(units_of(array)).drop_null()
    if len(units) > 1:
        return None
    plain = pc.replace_substring_regex(array, rf"{UNIT}|[{SPACES}{_other(decimal)}]", "")
    return pc.replace_substring(plain, decimal, "."), units[0].as_py() or THOUSANDS


def units_of(array: pa.ChunkedArray) -> pa.ChunkedArray:
    """(N,) the units of numbers, as text; empty for a number without one."""
    return pc.replace_substring_regex(array, rf"[-+\d.,{SPACES}]", "")


def number_pattern(decimal: str) -> str:
    """What a number looks like. A group of three digits follows a thousands separator, and 0 is never before one."""
    digits = rf"(?:[1-9]\d{{0,2}}(?:[{SPACES}{_other(decimal)}]\d{{3}})+|\d+)"
    number = rf"(?:{digits}(?:[{decimal}]\d*)?|[{decimal}]\d+)"
    return rf"^(?:[+-]?\s*{UNIT}?|{UNIT}\s*[+-])\s*{number}\s*{UNIT}?$"


def _other(decimal: str) -> str:
    return "," if decimal == "." else "."
