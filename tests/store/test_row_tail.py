"""Rows that another process adds to a file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from dnnctl.store.files import write_text
from dnnctl.store.row_tail import RowTail

ROWS = [{"epoch": number, "loss": 0.5} for number in range(1, 6)]
TEXT = "".join(f'{{"epoch": {row["epoch"]}, "loss": 0.5}}\n' for row in ROWS)


@given(st.lists(st.integers(0, len(TEXT)), max_size=8))
def test_each_row_is_read_once_however_it_is_written(cuts: list[int]) -> None:
    """A line that is only partly written is read when it is complete."""
    found, places = [], [0, *sorted(cuts), len(TEXT)]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        tail = RowTail(path)
        for start, stop in pairwise(places):
            with path.open("a") as file:
                file.write(TEXT[start:stop])
            found += tail.new_rows()
    assert found == ROWS


def test_a_file_that_was_replaced_is_read_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    tail = RowTail(path)
    assert tail.new_rows() == []
    write_text(path, TEXT)
    assert tail.new_rows() == ROWS
    write_text(path, TEXT)
    assert tail.new_rows() == ROWS
    assert tail.new_rows() == []


def test_damaged_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'\xff\n{"epoch": 1}\n[]\n{"epoch": -1}\n{"epoch": 2}\n')
    assert RowTail(path).new_rows() == [{"epoch": 1}, {"epoch": 2}]
