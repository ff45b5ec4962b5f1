"""Tables: every cell is printed whole, whatever the width."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.cli.table import format_column, split_columns, wrap_columns, wrap_text

COLUMNS = st.lists(st.lists(st.text("xyz", max_size=30), min_size=3, max_size=3), min_size=1, max_size=8)


@given(COLUMNS, st.integers(20, 120))
def test_columns_are_split_but_never_cells(columns: list[list[str]], width: int) -> None:
    """Every column is in one block, each block starts with the first column and fits if two columns can."""
    blocks = split_columns(columns, width)
    assert [column for block in blocks for column in block[1:]] == columns[1:]
    for block in blocks:
        assert block[0] == columns[0]
        if len(block) > 2:
            assert sum(max(map(len, column)) for column in block) + 2 * (len(block) - 1) <= width


def test_without_a_terminal_there_is_one_table() -> None:
    columns = [["x" * 100]] * 5
    assert split_columns(columns, None) == [columns]


@given(st.lists(st.text("abc-./", min_size=1, max_size=20), min_size=1, max_size=40), st.integers(60, 100))
def test_lines_break_between_words_only(words: list[str], width: int) -> None:
    wrapped = wrap_text(" ".join(words), width, indent=10)
    assert wrapped.split() == words
    first, *others = wrapped.split("\n")
    assert len(first) <= width - 10
    assert all(line.startswith(" " * 10) and len(line) <= width for line in others)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.5, None, 12.25], ["0.5000", "—", "12.2500"]),
        ([0.5, 1e-5], ["5.000e-01", "1.000e-05"]),
        ([0.0, 3e7, None], ["0.000e+00", "3.000e+07", "—"]),
    ],
)
def test_a_column_has_one_notation(values: list[float | None], texts: list[str]) -> None:
    assert format_column(values) == texts


EPOCH = "epoch 1/8  loss 0.7095  accuracy 0.7571  val_loss 0.5721  val_accuracy 0.8150  rate 0.00349   0.35 s  best"


def test_a_line_that_fits_is_left_as_it_is() -> None:
    assert wrap_columns(EPOCH, len(EPOCH)) == [EPOCH]


def test_a_line_is_broken_between_columns_and_never_inside_one() -> None:
    for width in range(30, len(EPOCH)):
        lines = wrap_columns(EPOCH, width)
        assert max(map(len, lines)) <= width
        assert [part for line in lines for part in re.split(" {2,}", line.strip())] == re.split(" {2,}", EPOCH)


def test_columns_that_fit_stay_aligned() -> None:
    lines = ["  column      type    use", "  a           number  as it is, with an indicator"]
    assert [wrap_columns(line, 24) for line in lines] == [
        ["  column      type", "      use"],
        ["  a           number", "      as it is, with an", "      indicator"],
    ]


def test_a_long_column_is_broken_between_words() -> None:
    assert wrap_columns("  note: one two-three four", 18) == ["  note: one", "      two-three", "      four"]
