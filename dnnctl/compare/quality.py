"""How good predictions are: metrics with intervals, and the quality of each class or label.

Shapes: N is the number of examples, K of classes, labels or predicted numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dnnctl.compare.diagnostics import by_label, calibration, calibration_error, confusion, label_calibration
from dnnctl.compare.interval import Interval, percentiles
from dnnctl.compare.paired_tests import N_RESAMPLES, bootstrap_means
from dnnctl.compare.ranking import rank
from dnnctl.compare.ranking_quality import RankingQuality, rank_labels
from dnnctl.compare.residuals import NumberQuality, by_number
from dnnctl.compare.scores import SCORES, Predictions
from dnnctl.store.facts import Metrics

Floats = NDArray[np.float64]
MOST_DRAWS = 200_000_000
"""Of large data, fewer resamples are drawn: their means hardly differ."""
FEWEST_RESAMPLES = 200


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
    ranking: RankingQuality | None = None
    """Of a label, or of the second of two classes."""
    ece: float | None = None
    """The expected calibration error of a label's probability."""

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)


@dataclass(frozen=True)
class TunedQuality:
    """How well one class or label is predicted with a threshold that was chosen on other examples."""

    name: str
    threshold: float
    f1_there: float
    """The F1 on the examples that it was chosen on, where it is the highest."""
    accuracy: float
    precision: float | None
    recall: float | None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)


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
    tuned: tuple[TunedQuality, ...] = ()
    """Of the second of two classes, or of each label."""
    numbers: tuple[NumberQuality, ...] = ()
    """Of each predicted number."""


def assess(found: Predictions, tuned_on: Predictions | None = None) -> Quality:
    """The quality of predictions.

    Args:
        tuned_on: predictions on other examples, on which thresholds of two classes and of labels are chosen.
    """
    metrics = {name: with_interval(values) for name, values in SCORES[found.task](found).items()}
    if found.task == "numbers":
        return _of_numbers(found, metrics)
    scores = found.ranking_scores
    if scores is None:
        return _of_classes(found, metrics)
    by_class, mean = rank_labels(scores, found.has_label)
    if mean is not None:
        metrics |= {"roc_auc": mean.roc_auc, "pr_auc": mean.pr_auc}
    tuned = tuple(_tune(found, tuned_on)) if tuned_on is not None else ()
    if found.task == "classes":
        return replace(_of_classes(found, metrics), tuned=tuned)
    errors = label_calibration(found)
    labels = (
        ClassQuality(each.name, each.n, each.precision, each.recall, ranking, errors[k] if errors else None)
        for k, (each, ranking) in enumerate(zip(by_label(found), by_class, strict=True))
    )
    return Quality(metrics, tuple(labels), tuned=tuned)


def trivial_scores(found: Predictions, trivial: Floats) -> Metrics:
    """What scores that do not depend on the example reach, of metrics that rank, and the R² of a mean (K,)."""
    if found.task == "numbers":
        r2 = linearized_r2(replace(found, predicted=np.broadcast_to(trivial, found.predicted.shape)))
        return {} if r2 is None else {"r2": float(r2.mean())}
    if found.ranking_scores is None:
        return {}
    rates = found.has_label.mean(axis=0)
    usable = rates[(rates > 0) & (rates < 1)]
    return {"roc_auc": 0.5, "pr_auc": float(usable.mean())} if len(usable) else {}


def _of_numbers(found: Predictions, metrics: dict[str, Interval]) -> Quality:
    mse, r2 = metrics["mse"], linearized_r2(found)
    metrics["rmse"] = Interval(*(max(0.0, each) ** 0.5 for each in (mse.value, mse.low, mse.high)))
    true = found.labels.reshape(found.predicted.shape).astype(np.float64)
    numbers = tuple(by_number(found.predicted.astype(np.float64), true, found.class_names))
    return Quality(metrics if r2 is None else metrics | {"r2": with_interval(r2)}, numbers=numbers)


def _of_classes(found: Predictions, metrics: dict[str, Interval]) -> Quality:
    counts = confusion(found)
    bins = calibration(found)
    return Quality(
        metrics,
        by_class(counts, found.class_names),
        tuple(tuple(row) for row in counts.tolist()),
        calibration_error(bins) if bins else None,
    )


def _tune(found: Predictions, tuned_on: Predictions) -> Iterator[TunedQuality]:
    """The quality of each label, or of the second of two classes, with the threshold that is best elsewhere."""
    scores, others = found.ranking_scores, tuned_on.ranking_scores
    if scores is None or others is None or scores.shape[1] != others.shape[1]:
        return
    labels, names = found.has_label, found.ranking_names
    for k in range(scores.shape[1]):
        ranking = rank(tuned_on.has_label[:, k], others[:, k])
        if ranking is None:
            continue
        best = ranking.at(ranking.best_threshold())
        said, true = scores[:, k] > best.threshold, labels[:, k]
        hits = int((said & true).sum())
        precision = hits / int(said.sum()) if said.any() else None
        recall = hits / int(true.sum()) if true.any() else None
        yield TunedQuality(names[k], best.threshold, best.f1, float((said == true).mean()), precision, recall)


def with_interval(values: Floats) -> Interval:
    """The mean of a score per example, (N,), with the percentile interval of its bootstrap."""
    n_resamples = int(np.clip(MOST_DRAWS // len(values), FEWEST_RESAMPLES, N_RESAMPLES))
    return percentiles(float(values.mean()), bootstrap_means(values, n_resamples=n_resamples))


def harmonic_mean(precision: float | None, recall: float | None) -> float | None:
    """F1; None if one of them is."""
    if precision is None or recall is None:
        return None
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


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
