"""The areas under the curves of rankings, with intervals from a bootstrap over the examples.

Shapes: N is the number of examples, K of labels, R of resamples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnnctl.compare.interval import Interval, percentiles
from dnnctl.compare.paired_tests import MAX_CELLS
from dnnctl.compare.ranking import descending

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
N_RESAMPLES = 1000
FEWEST_RESAMPLES = 100
MOST_DRAWS = 20_000_000
"""Of large data, fewer resamples are drawn."""


@dataclass(frozen=True)
class RankingQuality:
    """The areas under the two curves of one label, or their means over several labels."""

    roc_auc: Interval
    """The area under true positive rate against false positive rate."""
    pr_auc: Interval
    """The average precision: the area under precision against recall, as steps."""


def rank_labels(scores: Floats, labels: Bools) -> tuple[list[RankingQuality | None], RankingQuality | None]:
    """The quality of each label, and the mean over the labels; None where all examples or none have the label.

    The intervals are percentiles of a bootstrap over the examples.

    Args:
        scores, labels: (N, K).
    """
    usable = [k for k in range(labels.shape[1]) if labels[:, k].any() and not labels[:, k].all()]
    if not usable:
        return [None] * labels.shape[1], None
    curves = [_Curve(scores[:, k], labels[:, k]) for k in usable]
    values = np.array([curve.areas(np.ones((1, len(labels)))) for curve in curves])[:, :, 0]  # (K, 2)
    sampled = np.concatenate(
        [np.array([curve.areas(counts) for curve in curves]) for counts in _resamples(len(labels))], axis=2
    )  # (K, 2, R)
    found: list[RankingQuality | None] = [None] * labels.shape[1]
    for place, k in enumerate(usable):
        found[k] = _quality(values[place], sampled[place])
    return found, _quality(values.mean(axis=0), sampled.mean(axis=0))


class _Curve:
    """Precision and recall of a label for every threshold, from the highest score down."""

    def __init__(self, scores: Floats, labels: Bools) -> None:
        self.order, self.ends = descending(scores)
        self.is_positive = labels[self.order].astype(np.float64)

    def counts(self, weights: Floats) -> tuple[Floats, Floats]:
        """(R, thresholds) the weights of the examples above each threshold: those with the label, and all."""
        ordered = weights[:, self.order]
        hits = np.cumsum(ordered * self.is_positive, axis=1)[:, self.ends]
        return hits, np.cumsum(ordered, axis=1)[:, self.ends]

    def areas(self, weights: Floats) -> tuple[Floats, Floats]:
        """(R,) the areas under both curves; NaN for weights without examples of both kinds.

        ROC-AUC = Σ Δfp · (tp + tp before) / 2 / (tp total · fp total),
        average precision = Σ Δtp · tp / said / tp total.

        Args:
            weights: (R, N) how often each example is counted.
        """
        hits, said = self.counts(weights)
        misses = said - hits
        before = np.hstack([np.zeros((len(hits), 1)), hits[:, :-1]])
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.diff(misses, axis=1, prepend=0)
            roc = (steps * (hits + before)).sum(axis=1) / 2 / (hits[:, -1] * misses[:, -1])
            precision = np.where(said > 0, hits / said, 0)
            pr = ((hits - before) * precision).sum(axis=1) / hits[:, -1]
        return roc, np.where(np.isnan(roc), np.nan, pr)


def _resamples(n: int) -> Iterator[Floats]:
    """(R, N) how often each example is drawn, some resamples at a time."""
    draw = np.random.default_rng(0)
    n_left = int(np.clip(MOST_DRAWS // n, FEWEST_RESAMPLES, N_RESAMPLES))
    while n_left > 0:
        n_rows = min(n_left, max(1, MAX_CELLS // n))
        drawn = draw.integers(0, n, (n_rows, n)) + n * np.arange(n_rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=n_rows * n).reshape(n_rows, n).astype(np.float64)
        n_left -= n_rows


def _quality(values: Floats, sampled: Floats) -> RankingQuality:
    roc, pr = (percentiles(float(value), samples) for value, samples in zip(values, sampled, strict=True))
    return RankingQuality(roc, pr)
