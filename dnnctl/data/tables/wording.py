"""Columns, values and rows in messages."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dnnctl.errors import shorten
from dnnctl.text import format_count, suggest

MOST_LISTED = 5
LONGEST = 60


def quoted(text: str) -> str:
    """A name or a value on one line, in quotes."""
    return f"'{shorten(text, LONGEST)}'"


def nearest_name(name: str, names: Iterable[str]) -> str:
    """A suggestion, if one of the names is similar, and the list of names."""
    return suggest(shorten(name, LONGEST), (shorten(each, LONGEST) for each in names))


def listed(names: Iterable[str]) -> str:
    """The first few names or values: `'a', 'b', …`."""
    words = [quoted(name) for name in names]
    return ", ".join([*words[:MOST_LISTED], *(["…"] if len(words) > MOST_LISTED else [])])


def listed_rows(is_listed: NDArray[np.bool_]) -> str:
    """The number of rows of a mask (N,), and the first few of them: `3 rows (2, 5, 9)`. The first row is 1."""
    rows = [str(row) for row in np.flatnonzero(is_listed)[:MOST_LISTED] + 1]
    n = int(is_listed.sum())
    return f"{format_count(n, 'row')} ({', '.join(rows)}{', …' if n > MOST_LISTED else ''})"
