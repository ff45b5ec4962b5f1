"""How good predictions are: metrics with intervals, and the quality of each class or label.

Shapes: N is the number of examples, K of classes, labels or predicted numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnnctl.compare.diagnostics import by_label, calibration, calibration_error, confusion
from dnnctl.compare.paired_tests import CONFIDENCE, N_RESAMPLES, bootstrap_means
from dnnctl.compare.scores import SCORES, Predictions

Floats = NDArray[np.float64]
MOST_DRAWS = 200_000_000
"""Of large data, fewer resamples are drawn: their means hardly differ."""
FEWEST_RESAMPLES = 200


@dataclass(frozen=True)
class Interval:
    """A metric with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassQuality:
    """How well one class or label is predicted. A ratio with nothing to count is None."""

    name: str
    n: int
    """The number of examples that have it."""
    precision: float | None
    """The fraction of the examples that are predicted to have it and do."""
    recall: float | None
    """The fraction of the examples that have it and are predicted to."""

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        if self.precision is None or self.recall is None:
            return None
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Quality:
    """How good predictions on some examples are."""

    metrics: dict[str, Interval]
    classes: tuple[ClassQuality, ...] = ()
    """Of each class or label."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """The number of examples of each class (row) that were predicted as each class (column)."""
    ece: float | None = None
    """The expected calibration error; None if the network gives no probabilities of classes."""


def assess(found: Predictions) -> Quality:
    """The quality of predictions."""
    metrics = {name: with_interval(values) for name, values in SCORES[found.task](found).items()}
    if found.task == "numbers":
        mse, r2 = metrics["mse"], linearized_r2(found)
        metrics["rmse"] = Interval(*(max(0.0, each) ** 0.5 for each in (mse.value, mse.low, mse.high)))
        return Quality(metrics if r2 is None else metrics | {"r2": with_interval(r2)})
    if found.task == "labels":
        labels = (ClassQuality(each.name, each.n, each.precision, each.recall) for each in by_label(found))
        return Quality(metrics, tuple(labels))
    counts = confusion(found)
    bins = calibration(found)
    return Quality(
        metrics,
        by_class(counts, found.class_names),
        tuple(tuple(row) for row in counts.tolist()),
        calibration_error(bins) if bins else None,
    )


def with_interval(values: Floats) -> Interval:
    """The mean of a score per example, (N,), with the percentile interval of its bootstrap."""
    n_resamples = int(np.clip(MOST_DRAWS // len(values), FEWEST_RESAMPLES, N_RESAMPLES))
    means = bootstrap_means(values, n_resamples=n_resamples)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(values.mean()), float(low), float(high))


def linearized_r2(found: Predictions) -> Floats | None:
    """(N,) values whose mean is R², and whose spread is that of R² to the first order; None if a number is constant.

    With the squared errors e and d = (y - mean of y)², R² = 1 - mean(e) / mean(d), whose linearization is
    R² - (e - mean(e)) / mean(d) + mean(e) / mean(d)² (d - mean(d)). Of several numbers it is the mean.
    """
    y = found.labels.reshape(found.predicted.shape).astype(np.float64)
    errors, spread = np.square(found.predicted - y), np.square(y - y.mean(axis=0))
    mse, variance = errors.mean(axis=0), spread.mean(axis=0)
    if not variance.all():
        return None
    values = 1 - mse / variance - (errors - mse) / variance + mse / variance**2 * (spread - variance)
    return np.asarray(values.mean(axis=1), np.float64)


def by_class(counts: NDArray[np.int64], names: tuple[str, ...]) -> tuple[ClassQuality, ...]:
    """The quality of each class, from the confusion matrix (K, K)."""
    return tuple(_class_quality(counts, number, names) for number in range(len(counts)))


def _class_quality(counts: NDArray[np.int64], number: int, names: tuple[str, ...]) -> ClassQuality:
    n, said, hits = int(counts[number].sum()), int(counts[:, number].sum()), int(counts[number, number])
    name = names[number] if number < len(names) else str(number)
    return ClassQuality(name, n, hits / said if said else None, hits / n if n else None)
