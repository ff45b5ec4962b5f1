"""What a classifier's predictions show in addition to its metrics: confusion, calibration and confident mistakes, and
the quality of each label.

Shapes: N is the number of examples, K of classes or labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnnctl.compare.scores import Predictions

N_BINS = 10
N_WRONG = 24


@dataclass(frozen=True)
class Bin:
    """The predictions whose confidence is in one tenth of [0, 1]."""

    confidence: float
    """Their mean confidence."""
    accuracy: float
    """The fraction of them that is correct."""
    n: int


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction."""

    index: int
    label: int
    predicted: int
    confidence: float


@dataclass(frozen=True)
class LabelQuality:
    """How well one label is predicted. A ratio with nothing to count is None."""

    name: str
    n: int
    """The number of examples that have the label."""
    accuracy: float
    precision: float | None
    recall: float | None


def by_label(found: Predictions) -> list[LabelQuality]:
    """The quality of the predictions of each label."""
    labels = found.labels.reshape(found.predicted.shape) > 0.5
    said = found.predicted > found.threshold
    n, n_said, n_hits = labels.sum(axis=0), said.sum(axis=0), (labels & said).sum(axis=0)
    return [
        LabelQuality(
            name=found.class_names[k] if k < len(found.class_names) else str(k),
            n=int(n[k]),
            accuracy=float((labels[:, k] == said[:, k]).mean()),
            precision=float(n_hits[k] / n_said[k]) if n_said[k] else None,
            recall=float(n_hits[k] / n[k]) if n[k] else None,
        )
        for k in range(labels.shape[1])
    ]


def confusion(found: Predictions) -> NDArray[np.int64]:
    """The number of examples of each class (row) that were predicted as each class (column), (K, K)."""
    n_classes = max(int(found.labels.max()), int(found.classes.max()), found.predicted.shape[1] - 1) + 1
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (found.labels.reshape(-1).astype(np.int64), found.classes), 1)
    return counts


def calibration(found: Predictions) -> list[Bin]:
    """Confidence against accuracy, in ten bins of equal width; empty if the network gives no probabilities.

    Source: Guo et al., On Calibration of Modern Neural Networks (2017).
    """
    probabilities = found.probabilities
    if probabilities is None:
        return []
    return _bins(probabilities.max(axis=1), found.classes == found.labels.reshape(-1))


def label_calibration(found: Predictions) -> list[float]:
    """The expected calibration error of the probability of each label; empty if the network gives no probabilities."""
    p = found.predicted.astype(np.float64)
    if found.are_margins or p.min() < 0 or p.max() > 1:
        return []
    return [calibration_error(_bins(p[:, k], found.has_label[:, k])) for k in range(p.shape[1])]


def _bins(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> list[Bin]:
    place = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    bins = [place == number for number in range(N_BINS)]
    return [
        Bin(float(confidence[these].mean()), float(is_right[these].mean()), int(these.sum()))
        for these in bins
        if these.any()
    ]


def calibration_error(bins: list[Bin]) -> float:
    """The expected calibration error: the mean distance between confidence and accuracy, weighted by bin size."""
    n = sum(each.n for each in bins)
    return sum(each.n * abs(each.confidence - each.accuracy) for each in bins) / n


def surest_mistakes(found: Predictions, n: int = N_WRONG) -> list[Mistake]:
    """The wrong predictions with the highest confidence, in descending order."""
    probabilities = found.probabilities
    if probabilities is None:
        return []
    labels = found.labels.reshape(-1).astype(np.int64)
    wrong = np.flatnonzero(found.classes != labels)
    confidence = probabilities.max(axis=1)
    order = wrong[np.argsort(-confidence[wrong], kind="stable")][:n]
    return [Mistake(int(i), int(labels[i]), int(found.classes[i]), float(confidence[i])) for i in order]
