"""Text that a terminal prints as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.text import MIN_FIRST, MIN_LAST, align, fit_rows, format_number, visible, visible_lines

OBEYED = [
    *map(chr, range(0x20)),
    "\x7f",
    *map(chr, range(0x80, 0xA0)),
    *"\u202a\u202b\u202c\u202d\u202e",
    *"\u2066\u2067",
]
HIDDEN = [*"\u2068\u2069\u200b\u200e\u200f\u061c\ufeff\u00ad\u2028\u2029", "\U000e0041", "\udcff"]


@pytest.mark.parametrize("char", [*OBEYED, *HIDDEN])
def test_a_character_that_is_obeyed_or_hidden_is_shown_as_its_code(char: str) -> None:
    shown = visible(f"a{char}b")
    assert (shown[:2], shown[-1], shown.isascii(), shown.isprintable()) == ("a\\", "b", True, True)
    assert shown[1:-1].encode().decode("unicode_escape") == char


@given(st.text())
def test_no_text_is_obeyed(text: str) -> None:
    for line in (visible(text), *visible_lines(text).split("\n")):
        assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(char) for char in line}
    assert visible_lines(text).count("\n") == text.count("\n")


@pytest.mark.parametrize("text", ["", "net", "Größe 数字 ± — × ½ é", "thin\u2009space", "1\u00a0000"])
def test_ordinary_text_does_not_change(text: str) -> None:
    assert visible(text) == text


def test_a_metric_in_the_hundreds_of_thousands_is_a_plain_number() -> None:
    """The mean absolute error of prices: 95304.6176 and 1.042e+05 in two lines are hard to compare."""
    shown = [format_number(value) for value in (95304.61759, 99999.99999, 104213.4, -2.5e7, 1.296e10, 1e-5)]
    assert shown == ["95304.6176", "100000.0000", "104213", "-25000000", "1.296e+10", "1.000e-05"]


@given(st.lists(st.tuples(*[st.text("ab _", max_size=50)] * 4), min_size=1, max_size=5), st.integers(20, 120))
def test_fitting_rows_fit_and_lose_no_word_of_the_last_column(rows: list[tuple[str, ...]], width: int) -> None:
    """Only what lies between the columns that can be made narrower may be too wide."""
    rows = [tuple(" ".join(cell.split()) for cell in row) for row in rows]
    fitting = fit_rows(rows, width)
    middle = sum(max(len(row[place]) for row in rows) for place in (1, 2)) + 6
    longest_word = max(len(word) for row in rows for word in [*row[-1].split(), ""])
    for line in align(fitting):
        assert len(line) <= max(width, middle + MIN_FIRST + max(MIN_LAST, longest_word))
    assert " ".join(" ".join(row[-1] for row in fitting).split()) == " ".join(" ".join(row[-1] for row in rows).split())
    assert [row[1:3] for row in fitting if any(row[:3])] == [list(row[1:3]) for row in rows if any(row[:3])]


def test_rows_that_fit_do_not_change() -> None:
    rows = [["name", "1", "a few words"], ["other", "22", "words"]]
    assert fit_rows(rows, len("other  22  a few words")) == rows
