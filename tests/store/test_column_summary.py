from __future__ import annotations

import pytest

from dnnctl.store.column_summary import ColumnSummary


@pytest.mark.parametrize(
    ("kind", "low", "high", "span"),
    [
        ("number", -1.5, 1234567.0, "-1.5 … 1.23457e+06"),
        ("number", 3.0, 3.0, "3"),
        ("boolean", 0.0, 1.0, "0 … 1"),
        ("date", -0.5, 18263.75, "1969-12-31 … 2020-01-02"),
        ("date", -719162.0, 2932896.9, "0001-01-01 … 9999-12-31"),
        ("date", -719163.0, 2932897.0, "-719163 days … 2.9329e+06 days"),
        ("category", None, None, "red"),
    ],
)
def test_the_span_shows_the_values_in_their_own_form(
    kind: str, low: float | None, high: float | None, span: str
) -> None:
    assert ColumnSummary("x", kind, "standardized", minimum=low, maximum=high, example="red").span == span
