"""Metrics from files, whatever a file holds."""

from __future__ import annotations

from typing import Any

import pytest

from dnnctl.store.metrics import finite, format_metrics, is_less_better


@pytest.mark.parametrize(("value", "number"), [(1, 1.0), (0.25, 0.25), (-(10**15), -1e15)])
def test_finite_numbers_are_numbers(value: Any, number: float) -> None:
    assert finite(value) == number


@pytest.mark.parametrize("value", [None, True, "1", "x", [], {}, float("nan"), float("inf"), 10**400])
def test_anything_else_is_no_number(value: Any) -> None:
    assert finite(value) is None
    assert format_metrics({"epoch": 3, "loss": value, "accuracy": 0.5}) == "loss —  accuracy 0.5000"


@pytest.mark.parametrize(
    ("metric", "expected"), [("val_loss", True), ("test_mae", True), ("accuracy", False), ("val_f1_score", False)]
)
def test_losses_and_errors_are_better_when_smaller(metric: str, expected: bool) -> None:
    assert is_less_better(metric) is expected
