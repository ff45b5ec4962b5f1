"""A score for each prediction of a run, for paired tests.

Shapes: N is the number of examples, K of classes or of predicted numbers.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.store.record import RunRecord

TINY = 1e-7
"""Probabilities are clipped to this distance from 0 and 1, as Keras does."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """A score for each prediction of a run on one split."""

    labels_digest: str
    """The digest of the labels in order: runs with the same digest were scored on the same examples."""
    values: dict[str, Floats]
    """For each metric, one number per example (N,); their mean is the metric."""

    @property
    def n(self) -> int:
        """The number of examples."""
        return len(next(iter(self.values.values())))


@dataclass(frozen=True)
class Predictions:
    """The predictions of predictions.npz on one split."""

    predicted: NDArray[Any]
    """(N, K); probabilities for classes, one column where there are two."""
    labels: NDArray[Any]
    """(N,) classes, or (N, K) numbers or labels."""
    task: str
    """`classes`, `labels` or `numbers`."""
    threshold: float
    """A single column above it means class 1."""
    class_names: tuple[str, ...]

    @property
    def is_classes(self) -> bool:
        """Whether each example has one class."""
        return self.task == "classes"

    @property
    def classes(self) -> NDArray[Any]:
        """The predicted classes (N,)."""
        if self.predicted.shape[1] == 1:
            return (self.predicted[:, 0] > self.threshold).astype(np.int64)
        return np.asarray(np.argmax(self.predicted, axis=1))

    @property
    def probabilities(self) -> Floats | None:
        """The probability of each class (N, K); None if the network gives no probabilities."""
        values = self.predicted.astype(np.float64)
        if values.shape[1] == 1:
            values = np.hstack([1 - values, values])
        is_distribution = values.min() >= 0 and np.allclose(values.sum(axis=1), 1, atol=1e-2)
        return values if self.is_classes and is_distribution else None


def read_predictions(run: RunRecord, role: str) -> Predictions | None:
    """A run's predictions on `test` or `validation`; None if it has none, or if the file is damaged."""
    try:
        with run.folder.predictions.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            predicted, labels = file[f"{role}_predictions"], file[f"{role}_labels"]
            names = tuple(map(str, file["class_names"])) if "class_names" in file else ()
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
    if not _are_numbers(predicted) or not _are_numbers(labels) or len(predicted) != len(labels):
        return None
    predicted = predicted.reshape(len(predicted), -1)
    task, loss = (run.summary.task, run.summary.loss) if run.summary else (None, None)
    task = task or ("classes" if labels.dtype.kind in "iu" else "numbers")
    is_classes = task == "classes"
    threshold = 0.0 if loss in ("hinge", "squared_hinge") else 0.5
    if is_classes and not _are_classes(labels, predicted.shape[1]):
        return None
    if not is_classes and labels.size != predicted.size:
        return None
    return Predictions(predicted, labels, task, threshold, names)


def _are_numbers(array: NDArray[Any]) -> bool:
    """Whether an array holds at least one example, and numbers."""
    return array.ndim > 0 and array.size > 0 and array.dtype.kind in "fiub"


def _are_classes(labels: NDArray[Any], n_columns: int) -> bool:
    """Whether labels are class numbers of a network with that number of outputs."""
    return labels.size == len(labels) and float(labels.min()) >= 0 and float(labels.max()) < max(2, n_columns)


def score(run: RunRecord, role: str) -> Scores | None:
    """A run's predictions on `test` or `validation`, scored."""
    found = read_predictions(run, role)
    if found is None:
        return None
    digest = sha256(np.ascontiguousarray(found.labels).tobytes()).hexdigest()
    return Scores(digest, SCORES.get(found.task, _number_scores)(found))


def _class_scores(found: Predictions) -> dict[str, Floats]:
    labels = found.labels.reshape(-1).astype(np.int64)
    values = {"accuracy": (found.classes == labels).astype(np.float64)}
    probabilities = found.probabilities
    if probabilities is not None:
        right = probabilities[np.arange(len(labels)), labels]
        values["crossentropy"] = -np.log(np.clip(right, TINY, 1 - TINY))
    return values


def _label_scores(found: Predictions) -> dict[str, Floats]:
    """`accuracy` and `crossentropy` as Keras measures them, the mean over the labels; and whether all are correct."""
    labels = found.labels.reshape(found.predicted.shape) > 0.5
    is_right = (found.predicted > found.threshold) == labels
    values = {"accuracy": is_right.mean(axis=1), "exact_match": is_right.all(axis=1).astype(np.float64)}
    p = found.predicted.astype(np.float64)
    if p.min() >= 0 and p.max() <= 1:
        values["crossentropy"] = -np.log(np.clip(np.where(labels, p, 1 - p), TINY, 1 - TINY)).mean(axis=1)
    return values


def _number_scores(found: Predictions) -> dict[str, Floats]:
    errors = found.predicted.astype(np.float64) - found.labels.reshape(len(found.labels), -1).astype(np.float64)
    return {"mae": np.abs(errors).mean(axis=1), "mse": np.square(errors).mean(axis=1)}


SCORES = {"classes": _class_scores, "labels": _label_scores, "numbers": _number_scores}
"""How the predictions of each task are scored."""
