"""Numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.data.tables.matching import as_column
from dnnctl.data.tables.number_text import written_numbers


def read(texts: list[str], decimal: str = ".") -> tuple[list[float], str] | None:
    found = written_numbers(as_column(texts), decimal)
    return None if found is None else ([float(text) for text in found[0].to_pylist()], found[1])


@given(st.decimals(-(10**12), 10**12, places=2), st.sampled_from(["$", "€", "₹", "%", "USD", ""]), st.booleans())
def test_numbers_are_read_as_they_were_formatted(value: float, unit: str, is_before: bool) -> None:
    """The oracle is Python's own formatting."""
    text = f"{value:,}"
    text = f"{unit}{text}" if is_before and not text.startswith("-") else f"{text} {unit}".strip()
    swapped = text.translate(str.maketrans(",.", ".,"))
    assert read([text]) == read([swapped], ",") == ([float(value)], unit or "1,000")


@pytest.mark.parametrize(
    ("text", "value"),
    [("-$5", -5), ("$-5", -5), ("$ 1'234.5", 1234.5), ("1\u202f234\u00a0567", 1234567), ("+.5%", 0.5), ("5.", 5)],
)
def test_signs_and_spaces_may_be_anywhere(text: str, value: float) -> None:
    found = read([text])
    assert found is not None
    assert found[0] == [value]


@pytest.mark.parametrize(
    "texts", [["1,5"], ["0,500"], ["1,2345"], ["$5", "5"], ["$5", "€5"], ["--5"], ["1e3 $"], ["$"]]
)
def test_what_is_not_clear_is_no_number(texts: list[str]) -> None:
    """A comma may be before decimal places, and values with different units cannot be compared."""
    assert written_numbers(as_column(texts), ".") is None
