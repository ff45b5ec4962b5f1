"""How good each single prediction of a run is: what paired tests stand on.

Shapes: N is the number of examples, K of classes or of predicted numbers.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.store.record import RunRecord

TINY = 1e-7
"""Probabilities are kept this far from 0 and 1, as Keras keeps them."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """A run's predictions on one part of the data, scored one by one."""

    labels_digest: str
    """The identity of the labels, in their order: two runs with the same were scored on the same examples."""
    values: dict[str, Floats]
    """For each metric a number for each example (N,); its mean is the metric."""

    @property
    def n(self) -> int:
        """The number of examples."""
        return len(next(iter(self.values.values())))


@dataclass(frozen=True)
class Predictions:
    """What predictions.npz holds of one part of the data."""

    predicted: NDArray[Any]
    """(N, K); probabilities for classes, one column where there are two."""
    labels: NDArray[Any]
    """(N,) classes or (N, K) numbers."""
    is_classes: bool
    threshold: float
    """From where on a single column means class 1."""
    class_names: tuple[str, ...]

    @property
    def classes(self) -> NDArray[Any]:
        """The predicted classes (N,)."""
        if self.predicted.shape[1] == 1:
            return (self.predicted[:, 0] > self.threshold).astype(np.int64)
        return np.asarray(np.argmax(self.predicted, axis=1))

    @property
    def probabilities(self) -> Floats | None:
        """For each class its probability (N, K), where the network gives probabilities."""
        values = self.predicted.astype(np.float64)
        if values.shape[1] == 1:
            values = np.hstack([1 - values, values])
        is_distribution = values.min() >= 0 and np.allclose(values.sum(axis=1), 1, atol=1e-2)
        return values if self.is_classes and is_distribution else None


def read_predictions(run: RunRecord, role: str) -> Predictions | None:
    """A run's predictions on `test` or `validation`; none if it has none, or if the file is damaged."""
    try:
        with run.folder.predictions.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            predicted, labels = file[f"{role}_predictions"], file[f"{role}_labels"]
            names = tuple(map(str, file["class_names"])) if "class_names" in file else ()
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    predicted = predicted.reshape(len(predicted), -1)
    if len(predicted) != len(labels) or not len(labels):
        return None
    task, loss = (run.summary.task, run.summary.loss) if run.summary else (None, None)
    is_classes = (task or ("classes" if labels.dtype.kind in "iu" else "numbers")) == "classes"
    threshold = 0.0 if loss in ("hinge", "squared_hinge") else 0.5
    return Predictions(predicted, labels, is_classes, threshold, names)


def score(run: RunRecord, role: str) -> Scores | None:
    """A run's predictions on `test` or `validation`, scored."""
    found = read_predictions(run, role)
    if found is None:
        return None
    digest = sha256(np.ascontiguousarray(found.labels).tobytes()).hexdigest()
    return Scores(digest, _class_scores(found) if found.is_classes else _number_scores(found))


def _class_scores(found: Predictions) -> dict[str, Floats]:
    labels = found.labels.reshape(-1).astype(np.int64)
    values = {"accuracy": (found.classes == labels).astype(np.float64)}
    probabilities = found.probabilities
    if probabilities is not None:
        right = probabilities[np.arange(len(labels)), labels]
        values["crossentropy"] = -np.log(np.clip(right, TINY, 1 - TINY))
    return values


def _number_scores(found: Predictions) -> dict[str, Floats]:
    errors = found.predicted.astype(np.float64) - found.labels.reshape(len(found.labels), -1).astype(np.float64)
    return {"mae": np.abs(errors).mean(axis=1), "mse": np.square(errors).mean(axis=1)}
