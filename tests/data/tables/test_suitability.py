"""Columns that need a decision by the user."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dnnctl.data.tables.column import Column
from dnnctl.data.tables.suitability import check_feature, spelling_warnings, unused_reason
from dnnctl.errors import DataError


def text(values: Sequence[str]) -> Column:
    texts, codes = np.unique(np.array(values, object), return_inverse=True)
    return Column("t", "category", codes.astype(np.int32), tuple(texts))


def number(values: Sequence[float]) -> Column:
    return Column("t", "number", np.array(values, float))


def check(column: Column, *, is_typed: bool = False, refuses_missing: bool = False) -> None:
    check_feature(column, "a.csv", is_typed=is_typed, refuses_missing=refuses_missing)


REFUSED = {
    "a hundred thousand texts": (
        text([f"u{n}" for n in range(100_000)] * 3),
        "100,000 different texts in 300,000 rows",
    ),
    "identifiers": (text([f"u{n}" for n in range(150)]), "150 different texts in 150 rows"),
    "identifiers among holes": (text([f"u{n}" for n in range(150)] + [""] * 500), "150 different texts in 150 rows"),
    "numbers with junk": (
        text([*map(str, range(60)), "unknown", ""]),
        "are numbers or dates, but not 'unknown'. Add these to",
    ),
    "quoted numbers": (text([f"{n}" for n in range(150)]), r"or `types: {t: number}`"),
}


@pytest.mark.parametrize(("column", "message"), REFUSED.values(), ids=REFUSED)
def test_text_of_little_use_is_refused_with_advice(column: Column, message: str) -> None:
    with pytest.raises(DataError, match=f"a.csv: .*{message}") as error:
        check(column)
    assert "features.exclude" in str(error.value)
    assert "`types: {t: category}`" in str(error.value)
    check(column, is_typed=True)


def test_numbers_with_commas_are_not_taken_for_categories() -> None:
    cases = {
        "decimal commas, such as '0,5'.*`decimal: ','` in `data.source`": [f"{n},5" for n in range(5)],
        "numbers with commas, such as '0,000.5'. Remove": [f"{n},000.5" for n in range(5)],
        "numbers as text, such as '1,000'.*`types: {t: number}`": [f"{n},000" for n in (1, 2, 3)],
        r"different units, such as '\$5' and '€5'": ["$5", "€5"],
        "but not 'much'": [*(f"${n}" for n in range(9)), "much"],
    }
    for message, texts in cases.items():
        with pytest.raises(DataError, match=f"'t'.*{message}"):
            check(text(texts))
        check(text(texts), is_typed=True)


FINE = {
    "towns": text([f"town {n % 200}" for n in range(1000)]),
    "few identifiers": text([f"u{n}" for n in range(100)]),
    "grades": text(["0", "1", "2", "3+"] * 5),
    "postal codes": text([f"{n % 40:05}" for n in range(400)]),
}


@pytest.mark.parametrize("column", FINE.values(), ids=FINE)
def test_other_text_is_accepted(column: Column) -> None:
    check(column)


def test_infinite_and_refused_missing_values_are_listed() -> None:
    with pytest.raises(DataError, match=r"'t' has infinite values in 2 rows \(1, 3\)"):
        check(number([np.inf, 1, -np.inf, np.nan]))
    for column in (number([1, np.nan, 2]), text(["a", "", "b"])):
        check(column)
        with pytest.raises(DataError, match=r"'t' has no value in 1 row \(2\)"):
            check(column, refuses_missing=True)


def test_row_numbers_and_empty_columns_are_left_out() -> None:
    assert unused_reason(number(range(5, 30))) == "row number"
    assert unused_reason(number([np.nan] * 3)) == "no values"
    assert unused_reason(number([np.inf] * 30)) == ""
    assert unused_reason(text(["", ""])) == "no values"
    for name in ("__index_level_0__", "Unnamed: 0"):
        assert unused_reason(Column(name, "number", np.array([3.0, 1.0]))) == "index of pandas"
    for used in (range(10), [*range(30), 31], [*range(30)][::-1], [0.5] * 30):
        assert unused_reason(number(used)) == ""


def test_categories_that_differ_only_in_case_are_reported() -> None:
    """The example with the two classes Yes and yes must not pass in silence; they are not the same for the network."""
    (warning,) = spelling_warnings([text(["Yes", "yes", "no"]), text(["a", "b", ""]), number([1.0])])
    assert warning.startswith("column 't': 'Yes', 'yes' differ only in upper and lower case")
