"""What is known of metrics by their names."""

from __future__ import annotations

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
NO_METRICS = ("epoch", "step", "seconds", "phase", "part", "learning_rate")
"""What a row of metrics.jsonl holds besides."""


def is_less_better(metric: str) -> bool:
    """Whether smaller values of a metric are better: losses and errors, but not accuracies and scores."""
    return metric.removeprefix("val_").removeprefix("test_") in LESS_IS_BETTER
