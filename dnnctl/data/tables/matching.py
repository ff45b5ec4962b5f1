"""Which values of a column look like something."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

PROBE = 100
"""The number of values that are looked at first: most columns of other text are found out there."""


def as_column(texts: Sequence[str]) -> pa.ChunkedArray:
    """Texts as a column."""
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def all_match(array: pa.ChunkedArray, pattern: str) -> bool:
    """Whether every value that is not missing matches a regular expression."""
    parts = (array.slice(0, PROBE), array)
    return all(pc.all(pc.match_substring_regex(part, pattern)).as_py() is not False for part in parts)


def first_match(texts: Sequence[str], pattern: str) -> str:
    """The first text that matches a regular expression; empty if there is none."""
    row = pc.index(pc.match_substring_regex(as_column(texts), pattern), True).as_py()
    return texts[row] if row >= 0 else ""


def matching(texts: Sequence[str], pattern: str) -> list[bool]:
    """Whether each text matches a regular expression."""
    found: list[bool] = pc.match_substring_regex(as_column(texts), pattern).to_pylist()
    return found
