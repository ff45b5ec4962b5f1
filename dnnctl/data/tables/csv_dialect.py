"""How a text file separates its fields."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

CANDIDATES = (",", ";", "\t", "|")
SAMPLE_ROWS = 20


def find_delimiter(text: str) -> str:
    """The candidate with which the most rows have as many fields as the header; then the one with the most fields."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = list(islice(records(text, delimiter), SAMPLE_ROWS))
        n_fields = len(rows[0]) if rows else 0
        return (sum(len(row) == n_fields for row in rows) / len(rows) if n_fields > 1 else 0.0, n_fields)

    return max(CANDIDATES, key=score)


def header(text: str, delimiter: str) -> Sequence[str]:
    """The fields of the first row."""
    return next(records(text, delimiter), [])


def records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The rows of a text, without empty lines. It ends where a field is too long to be one."""
    try:
        yield from (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row)
    except csv.Error:
        return
