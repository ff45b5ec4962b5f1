"""Metrics: their values as numbers, and by their names, whether less is better."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from dnnctl.text import format_number

LESS_IS_BETTER = (
    "loss",
    "crossentropy",
    "mae",
    "mse",
    "rmse",
    "mape",
    "msle",
    "log_cosh",
)
NO_SCALARS = ("epoch", "step", "seconds", "phase", "part")
"""The fields of a row of metrics.jsonl that describe its epoch. They are not drawn as curves."""
NO_METRICS = (*NO_SCALARS, "learning_rate")
"""The fields of a row that are not metrics."""


def is_less_better(metric: str) -> bool:
    """Whether smaller values of a metric are better: losses and errors, but not accuracies and scores."""
    return metric.removeprefix("val_").removeprefix("test_") in LESS_IS_BETTER


def format_metrics(row: Mapping[str, Any]) -> str:
    """The metrics of a row, with four decimal places."""
    return "  ".join(f"{name} {format_number(finite(value))}" for name, value in row.items() if name not in NO_METRICS)


def finite(value: Any) -> float | None:
    """A value from a file as a number; None if it is not a finite number."""
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None
