"""The types of columns."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dnnctl.data.tables.column_type import MISSING_WORDS, Reading, read_column
from dnnctl.errors import DataError

NAN = float("nan")


def read(values: Any, kind: str | None = None, **reading: Any) -> Any:
    array = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    return read_column("x", array, Reading("a.csv", **{"is_typed": False, **reading}), kind)


def days(text: str) -> float:
    return (dt.datetime.fromisoformat(text) - dt.datetime(1970, 1, 1)).total_seconds() / 86400


INFERRED: dict[str, tuple[list[str], str, list[Any]]] = {
    "whole numbers": (["1", " 2 ", "-3"], "number", [1, 2, -3]),
    "few whole numbers": (["0", "1", "1"], "number", [0, 1, 1]),
    "decimal numbers": (["1.5", "", "2e3", "+.5"], "number", [1.5, NAN, 2000, 0.5]),
    "booleans": (["True", "false", "TRUE", ""], "boolean", [1, 0, 1, NAN]),
    "dates": (["2020-01-02", "1969-12-31", "NA"], "date", [18263, -1, NAN]),
    "far dates": (["9999-12-31", "0001-01-01"], "date", [2932896, -719162]),
    "times": (["2020-01-02 12:00:00", "2020-01-02T06:00"], "date", [18263.5, 18263.25]),
    "times with a zone": (["2020-01-02T12:00:00+06:00"], "date", [days("2020-01-02 06:00:00")]),
    "text": (["b", "a", " b "], "category", ["b", "a", "b"]),
    "yes and no": (["yes", "no"], "category", ["yes", "no"]),
    "postal codes": (["01234", "5678"], "category", ["01234", "5678"]),
    "numbers and text": (["1", "a"], "category", ["1", "a"]),
    "nothing": (["", "NA", "?"], "number", [NAN, NAN, NAN]),
}


@pytest.mark.parametrize(("texts", "kind", "values"), INFERRED.values(), ids=INFERRED)
def test_types_are_inferred_from_text(texts: list[str], kind: str, values: list[Any]) -> None:
    column = read(texts)
    assert column.kind == kind
    assert column.raw_values().tolist() == pytest.approx(values, nan_ok=True) if kind != "category" else True
    assert column.raw_values().tolist() == values if kind == "category" else True


@pytest.mark.parametrize("word", MISSING_WORDS)
def test_every_word_for_missing_is_missing(word: str) -> None:
    assert read(["1", word]).is_missing.tolist() == [False, True]
    assert read(["a", word]).raw_values().tolist() == ["a", ""]


def test_the_words_for_missing_are_those_of_the_spec() -> None:
    """NA is a country here; an empty field is always missing."""
    assert read(["NA", "-", ""], words=("-",)).raw_values().tolist() == ["NA", "", ""]


def test_decimal_commas_are_read_if_the_spec_says_so() -> None:
    assert read(["1,5", "-2"], decimal=",").values.tolist() == [1.5, -2]
    assert read(["1,5", "-2"]).kind == "category"


def test_points_are_between_thousands_if_decimals_have_commas() -> None:
    column = read(["1.234", "5,5"], decimal=",")
    assert column.values.tolist() == [1234, 5.5]
    assert column.note == "'1.234' is read as 1234"
    assert read(["1.23", "5,5"], decimal=",").kind == "category"
    with pytest.raises(DataError, match=r"'1\.23' in row 2 is not a number, such as 1,5"):
        read(["5,5", "1.23"], "number", decimal=",")


FORCED: dict[str, tuple[Any, str, list[Any]]] = {
    "numbers as categories": (["1", "2"], "category", ["1", "2"]),
    "whole floats as categories": ([1.0, None, 2.5], "category", ["1", "", "2.5"]),
    "booleans as categories": ([True, None], "category", ["true", ""]),
    "yes and no as booleans": (["yes", "N", ""], "boolean", [1, 0, NAN]),
    "0 and 1 as booleans": ([0, 1, None], "boolean", [0, 1, NAN]),
    "booleans as numbers": ([True, False], "number", [1, 0]),
    "nothing as categories": (pa.nulls(2), "category", ["", ""]),
    "postal codes as numbers": (["01234"], "number", [1234]),
    "dates as numbers": (pa.array([dt.date(1970, 1, 3), None]), "number", [2, NAN]),
}


@pytest.mark.parametrize(("values", "kind", "wanted"), FORCED.values(), ids=FORCED)
def test_the_spec_can_set_the_type(values: Any, kind: str, wanted: list[Any]) -> None:
    found = read(values, kind).raw_values().tolist()
    assert found == (wanted if kind == "category" else pytest.approx(wanted, nan_ok=True))


TYPED: dict[str, tuple[Any, str, list[Any]]] = {
    "int8": (pa.array([1, None], pa.int8()), "number", [1, NAN]),
    "uint64": (pa.array([2**63], pa.uint64()), "number", [2.0**63]),
    "float16": (pa.array(np.array([0.5], np.float16)), "number", [0.5]),
    "decimal": (pa.array([1, 2], pa.decimal128(5, 2)), "number", [1, 2]),
    "boolean": (pa.array([True, None]), "boolean", [1, NAN]),
    "date": (pa.array([dt.date(1970, 1, 2)]), "date", [1]),
    "nanoseconds": (pa.array([86_400_000_000_001], pa.timestamp("ns")), "date", [1]),
    "time in a zone": (pa.array([86_400], pa.timestamp("s", "Asia/Tokyo")), "date", [1]),
    "text that looks like numbers": (pa.array(["1", "2"]), "category", ["1", "2"]),
    "text that looks like dates": (pa.array(["1970-01-02"]), "date", [1]),
    "large text": (pa.array(["a"], pa.large_string()), "category", ["a"]),
    "dictionary": (pa.array(["b", None, "a"]).dictionary_encode(), "category", ["b", "", "a"]),
    "dictionary of numbers": (pa.array([7, 5]).dictionary_encode(), "category", ["7", "5"]),
    "null": (pa.nulls(2), "number", [NAN, NAN]),
}


@pytest.mark.parametrize(("array", "kind", "wanted"), TYPED.values(), ids=TYPED)
def test_types_of_a_file_are_kept(array: Any, kind: str, wanted: list[Any]) -> None:
    column = read(array, is_typed=True)
    assert column.kind == kind
    assert column.raw_values().tolist() == (wanted if kind == "category" else pytest.approx(wanted, nan_ok=True))


def test_chunks_with_different_dictionaries_are_one_column() -> None:
    array = pa.chunked_array([pa.array(["b", "a"]).dictionary_encode(), pa.array(["c", "b"]).dictionary_encode()])
    column = read(array)
    assert column.raw_values().tolist() == ["b", "a", "c", "b"]
    assert column.texts == ("a", "b", "c")


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["1", "two", "3"], "number", r"'x' is a number, but 'two' in row 2 is not a number"),
        (["yes", "maybe"], "boolean", r"'x' is a boolean, but 'maybe' in row 2 is not true or false"),
        ([0, 2], "boolean", r"'x' is a boolean, but '2' in row 2 is not true or false"),
        (["2020-01-31", "31.13.2020"], "date", r"'x' is a date, but '31.13.2020' in row 2 is not a date"),
        ([[1], [2]], None, r"'x' has the type 'list<.*which a network cannot use. Add it to"),
        ([b"ab"], None, r"'x' has the type 'binary'"),
        (pa.array(["a"], pa.string_view()).dictionary_encode(), None, r"'x' has the type 'dictionary<"),
    ],
)
def test_a_value_of_another_type_is_named_with_its_row(values: Any, kind: str | None, message: str) -> None:
    with pytest.raises(DataError, match=f"a.csv: column {message}"):
        read(values, kind)
