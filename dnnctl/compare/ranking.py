"""How well scores separate the examples that have a class or label from those that do not, at every threshold.

Shapes: N is the number of examples, T of different scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Operation:
    """What a threshold gives: examples with a higher score are predicted to have the class."""

    threshold: float
    precision: float | None
    """None if no example has a higher score."""
    recall: float
    false_positive_rate: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = (self.precision or 0.0) + self.recall
        return 2 * (self.precision or 0.0) * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Ranking:
    """The examples in descending order of their scores."""

    scores: Floats
    """The different scores in descending order (T,)."""
    hits: NDArray[np.int64]
    """For each of them, the number of examples with the class and at least this score (T,)."""
    said: NDArray[np.int64]
    """For each of them, the number of examples with at least this score (T,)."""

    @property
    def n_positive(self) -> int:
        """The number of examples that have the class."""
        return int(self.hits[-1])

    @property
    def n_negative(self) -> int:
        """The number of examples that do not have the class."""
        return int(self.said[-1]) - self.n_positive

    @cached_property
    def recall(self) -> Floats:
        """The fraction of the examples with the class that are found (T,)."""
        return self.hits / self.n_positive

    @cached_property
    def precision(self) -> Floats:
        """The fraction of the found examples that have the class (T,)."""
        return self.hits / self.said

    @cached_property
    def false_positive_rate(self) -> Floats:
        """The fraction of the examples without the class that are found (T,)."""
        return (self.said - self.hits) / self.n_negative

    @property
    def roc_auc(self) -> float:
        """The area under the ROC curve: the probability that an example with the class has a higher score than one
        without it. Equal scores count one half.
        """
        return float(np.trapezoid(np.r_[0.0, self.recall], np.r_[0.0, self.false_positive_rate]))

    @property
    def average_precision(self) -> float:
        """The mean precision, weighted by the increase of recall at each threshold."""
        return float(np.sum(np.diff(np.r_[0.0, self.recall]) * self.precision))

    def at(self, threshold: float) -> Operation:
        """What a threshold gives."""
        n = int(np.searchsorted(-self.scores, -threshold, side="left"))
        if n == 0:
            return Operation(threshold, None, 0.0, 0.0)
        place = n - 1
        return Operation(
            threshold, float(self.precision[place]), float(self.recall[place]), float(self.false_positive_rate[place])
        )

    def best_threshold(self) -> float:
        """The threshold with the highest F1, half-way between two scores; F1 = 2 hits / (said + n_positive)."""
        place = int(np.argmax(2 * self.hits / (self.said + self.n_positive)))
        following = self.scores[place + 1] if place + 1 < len(self.scores) else self.scores[place] - 1.0
        return float((self.scores[place] + following) / 2)


def rank(labels: NDArray[np.bool_], scores: NDArray[Any]) -> Ranking | None:
    """The ranking of examples by their scores (N,); None if all or none of them have the class.

    Args:
        labels: whether each example has the class (N,).
    """
    if labels.all() or not labels.any():
        return None
    scores = scores.astype(np.float64)
    order, ends = descending(scores)
    hits = np.cumsum(labels[order])
    return Ranking(scores[order][ends], hits[ends].astype(np.int64), ends + 1)


def descending(scores: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order of scores (N,) from the highest down, and the last place of each different score in it (T,).

    Equal scores are on the same side of every threshold.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    return order, np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
