"""The target of a table, and the columns that a network cannot use."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.data.guess.endings import guess_source
from dnnctl.data.guess.guess import Guess
from dnnctl.data.guess.table import open_table
from dnnctl.errors import DataError


def guess(folder: Path, header: str, row: str = "{n},{odd},{n}.5", target: str | None = None, n: int = 300) -> Guess:
    """What a table of some rows is; `{n}` is the number of a row, `{odd}` 0 or 1."""
    path = folder / "a.csv"
    path.write_text("\n".join([header, *(row.format(n=number, odd=number % 2) for number in range(n))]) + "\n")
    return guess_source(path, target)


def keys(found: Guess) -> dict[str, object]:
    return {entry.key: entry.value for entry in found.entries}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a,b,c", "c"),
        ("a,Label,c", "Label"),
        ("class,y,c", "class"),
        ("y,target,c", "target"),
        ("OUTCOME,b,c", "OUTCOME"),
    ],
)
def test_the_target_is_found_by_its_name_or_is_the_last_column(header: str, expected: str, tmp_path: Path) -> None:
    assert keys(guess(tmp_path, header))["target"] == expected


def test_classes_and_numbers_are_told_apart(tmp_path: Path) -> None:
    assert guess(tmp_path, "a,b,c", target="b").task == "classes"
    assert guess(tmp_path, "a,b,c", target="c").task == "numbers"


def test_text_with_too_many_values_is_left_out(tmp_path: Path) -> None:
    found = guess(tmp_path, "name,b,target", "person {n},{odd},{n}.5")
    assert keys(found)["features"] == {"exclude": ["name"]}
    assert any("'name'" in finding for finding in found.findings)


def test_a_first_line_of_numbers_is_not_a_header(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the first line has numbers, '5\.1'"):
        guess(tmp_path, "5.1,3.5,setosa")
    guess(tmp_path, "2019,2020,growth")  # years are names


def test_a_target_that_does_not_exist_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no column 'prise'\. Did you mean `price`"):
        guess(tmp_path, "a,b,price", target="prise")


def test_a_guess_that_cannot_be_a_target_lists_the_other_columns(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"different texts(.|\n)*--target COLUMN\. There are 'a', 'b'"):
        guess(tmp_path, "a,b,name", "{n},{odd},person {n}")


def test_one_column_is_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one column"):
        guess(tmp_path, "a", "{n}")


@pytest.mark.parametrize(
    ("text", "has_commas"),
    [
        ("a;y\n1,5;2\n2;3\n", True),
        ('a,y\n"1,5",2\n3,4\n', True),
        ("a;y\n€1.200,50;2\n€3,0;1\n", True),
        ("a;y\n1,5;x\nNA;y\n", True),
        ("a;y\n1,234;2\n", False),
        ("a;y\n1,5;2.5\n", False),
        ("a,y\n1.5,2\n", False),
        ("a;y\n1,5,6;2\n", False),
    ],
)
def test_decimal_commas_are_detected(text: str, has_commas: bool, tmp_path: Path) -> None:
    """1,234 alone can be 1234; files with 1.5 in another column have points."""
    (tmp_path / "a.csv").write_text(text)
    file = open_table("csv", str(tmp_path / "a.csv"))
    assert (file.decimal == ",") == has_commas
    if has_commas:
        guess = guess_source(tmp_path / "a.csv")
        assert keys(guess)["decimal"] == ","
        assert guess.findings[-1] == "numbers have decimal commas, as in column 'a'"
