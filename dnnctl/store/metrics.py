"""What is known of metrics by their names."""

from __future__ import annotations

from collections.abc import Mapping
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
"""What a row of metrics.jsonl says of its epoch: no curve of it is drawn."""
NO_METRICS = (*NO_SCALARS, "learning_rate")
"""What a row holds besides metrics."""


def is_less_better(metric: str) -> bool:
    """Whether smaller values of a metric are better: losses and errors, but not accuracies and scores."""
    return metric.removeprefix("val_").removeprefix("test_") in LESS_IS_BETTER


def format_metrics(row: Mapping[str, Any]) -> str:
    """The metrics of a row, four digits behind the point."""
    return "  ".join(f"{name} {format_number(value)}" for name, value in row.items() if name not in NO_METRICS)
