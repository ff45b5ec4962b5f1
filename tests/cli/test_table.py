"""Tables: every cell is printed whole, whatever the width."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnctl.cli.table import (
    format_column,
    print_fitting,
    shorten_columns,
    shorten_inside,
    split_columns,
    wrap_columns,
    wrap_lines,
    wrap_text,
)

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
        ([0.0, 3e9, None], ["0.000e+00", "3.000e+09", "—"]),
        ([95304.6176, 104213.4], ["95304.6176", "104213"]),
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


@given(COLUMNS, st.integers(20, 120))
def test_shortened_columns_never_break_a_line(columns: list[list[str]], width: int) -> None:
    """Any two columns fit side by side, so each block of `split_columns` fits. Without need nothing is shortened."""
    found = shorten_columns(columns, width)
    for block in split_columns(found, width):
        assert sum(max(map(len, column)) for column in block) + 2 * (len(block) - 1) <= width
    if sum(max(map(len, column)) + 2 for column in columns) - 2 <= width:
        assert found == columns


@given(st.text("ab", max_size=50), st.integers(4, 60))
def test_a_shortened_text_keeps_its_start_and_end(text: str, width: int) -> None:
    short = shorten_inside(text, width)
    start, mark, end = short.partition("…")
    assert len(short) == min(len(text), width)
    assert text.startswith(start)
    assert text.endswith(end)
    assert (mark == "") == (len(text) <= width)


def test_columns_that_do_not_fit_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The most important ones are shown, in their own order."""
    monkeypatch.setattr("dnnctl.cli.table.terminal_width", lambda *_: 22)
    columns = {"id": ["x" * 6], "name": ["y" * 10], "age": ["5 s"], "best": ["z" * 9]}
    print_fitting(columns, ["id", "best", "name", "age"], "--json", ["age"])
    head, row, *note = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "age", "best"]
    assert row.split() == ["x" * 6, "5", "s", "z" * 9]
    assert " ".join(note) == "not shown at this width: name (--json)"


def test_without_a_terminal_all_columns_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dnnctl.cli.table.terminal_width", lambda *_: None)
    print_fitting({"a": ["x" * 200], "b": ["y"]}, ["b"], "--json", [])
    assert capsys.readouterr().out == f"a{' ' * 199}  b\n{'x' * 200}  y\n"


def test_the_lines_of_a_message_keep_their_indentation() -> None:
    text = "error: one\n       " + "two " * 20
    first, *rest = wrap_lines(text.rstrip(), 60).split("\n")
    assert first == "error: one"
    assert all(line.startswith("       two") and len(line) <= 60 for line in rest)
    assert len(rest) == 2
