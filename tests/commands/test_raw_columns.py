"""Raw columns in Python as a saved model takes them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dnnctl.commands.raw_columns import check_columns
from dnnctl.errors import RunError
from dnnctl.store.record import RunRecord

MODEL = SimpleNamespace(input={"size": SimpleNamespace(dtype="float64"), "zip": SimpleNamespace(dtype="string")})


def check(**columns: Any) -> dict[str, Any]:
    return check_columns(RunRecord.at(Path("20260101-000000-run-0000")), MODEL, columns)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, None, 3], [1, np.nan, 3]),
        (np.array([[1], [2], [3]], np.int8), [1, 2, 3]),
        ([True, False, True], [1, 0, 1]),
        (np.array(["1970-01-02", "NaT", "1970-01-01T12"], "datetime64[h]"), [1, np.nan, 0.5]),
        ([date(1970, 1, 3), date(1970, 1, 1), date(1969, 12, 31)], [2, 0, -1]),
    ],
)
def test_numbers_are_float64_with_nan_for_what_is_missing(given: Any, expected: list[float]) -> None:
    """Dates are days since 1970-01-01."""
    found = check(size=given, zip=["a", "b", "c"])["size"]
    assert (found.dtype, found.shape) == (np.float64, (3,))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("given", [["a", None, float("nan")], np.array([["a"], [""], [""]]), (" a\n", " ", np.nan)])
def test_text_is_objects_with_an_empty_text_for_what_is_missing(given: Any) -> None:
    found = check(size=[1, 2, 3], zip=given, other="ignored")
    assert list(found) == ["size", "zip"]
    assert found["zip"].dtype == object
    assert found["zip"].tolist() == ["a", "", ""]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"zip": ["a"]}, "The column 'size' is missing"),
        ({"Size": [1], "zip": ["a"]}, "Rename 'Size'"),
        ({"size": ["big"], "zip": ["a"]}, "'size' must contain numbers"),
        ({"size": [1], "zip": [12345]}, "'zip' must contain text.*Received: 12345"),
        ({"size": [1] * 4, "zip": ["a", None, float("nan"), 1.5]}, "'zip' must contain text.*Received: 1.5"),
        ({"size": [1, 2], "zip": ["a"]}, "'size' has 2, 'zip' has 1"),
        ({"size": [], "zip": []}, "at least one"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        check(**columns)
