"""A score for each prediction of a run, for paired tests.

Shapes: N is the number of examples, K of classes or of predicted numbers.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.store.alteration import has_own_result
from dnnctl.store.archive import ArchiveError, check_archive
from dnnctl.store.files import open_to_read
from dnnctl.store.record import RunRecord
from dnnctl.store.seal import ALTERED

TINY = 1e-7
"""Probabilities are clipped to this distance from 0 and 1, as Keras does."""
MARGINS = ("hinge", "squared_hinge")
"""Losses whose outputs are compared with 0, and are not probabilities."""
TWO = 2
Floats = NDArray[np.float64]
DAMAGES = (
    ArchiveError, OSError, EOFError, KeyError, ValueError, MemoryError, OverflowError, NotImplementedError, SyntaxError,
    RuntimeError, TypeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What NumPy and zipfile raise for damaged files."""


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
class NoPredictions:
    """Why a run has no predictions that can be used."""

    reason: str
    """What is said of the run: `has no predictions on test data`."""
    is_fault: bool = True
    """Whether its files are damaged or altered, rather than missing."""


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
    def are_margins(self) -> bool:
        """Whether the sign of an output decides, so that outputs from 0 to 1 are no probabilities either."""
        return self.threshold == 0

    @property
    def classes(self) -> NDArray[Any]:
        """The predicted classes (N,)."""
        return predicted_classes(self.predicted, self.threshold)

    @property
    def probabilities(self) -> Floats | None:
        """The probability of each class (N, K); None if the network gives no probabilities."""
        values = self.predicted.astype(np.float64)
        if values.shape[1] == 1:
            values = np.hstack([1 - values, values])
        is_distribution = values.min() >= 0 and np.allclose(values.sum(axis=1), 1, atol=1e-2)
        return values if self.is_classes and not self.are_margins and is_distribution else None

    @property
    def ranking_scores(self) -> Floats | None:
        """(N, K) what examples are ranked by: the score of each label, or (N, 1) of the second of two classes; None for
        several classes and for numbers.
        """
        values = self.predicted.astype(np.float64)
        if self.task == "labels":
            return values
        return values[:, -1:] if self.is_classes and values.shape[1] <= TWO else None

    @property
    def has_label(self) -> NDArray[np.bool_]:
        """Of labels (N, K) which each example has; of classes (N, 1) whether it is the second one."""
        return self.labels.reshape(len(self.labels), -1) > 0.5

    @property
    def ranking_names(self) -> list[str]:
        """The names of the columns of `ranking_scores`."""
        names = self.class_names[-1:] if self.is_classes else self.class_names
        n = 1 if self.is_classes else self.predicted.shape[1]
        return [names[k] if k < len(names) else str(k + self.is_classes) for k in range(n)]


def predicted_classes(values: NDArray[Any], threshold: float) -> NDArray[Any]:
    """(N,) the class of each example, from one or several outputs (N, K)."""
    if values.shape[1] == 1:
        return (values[:, 0] > threshold).astype(np.int64)
    return np.asarray(np.argmax(values, axis=1))


def threshold(run: RunRecord) -> float:
    """The value of a single output above which an example is of class 1, or has a label."""
    loss = run.summary.loss if run.summary is not None else run.facts.spec.get("loss")
    kind = loss.get("kind") if isinstance(loss, dict) else loss
    return 0.0 if kind in MARGINS else 0.5


def read_predictions(run: RunRecord, role: str) -> Predictions | NoPredictions:
    """A run's predictions on `test` or `validation`, or why it has none that can be used."""
    path = run.folder.predictions
    change = run.altered.get(path.name)
    if change is not None or not has_own_result(run):
        return NoPredictions(f"has predictions that were {change}" if change else f"was {ALTERED}")
    try:
        found = _read(path, role)
    except DAMAGES as error:
        return NoPredictions(f"has damaged predictions ({path.name}: {error or type(error).__name__})")
    if found is None:
        return NoPredictions(f"has no predictions on {role} data", is_fault=False)
    return _checked(run, *found) or NoPredictions(f"has damaged predictions ({path.name}: its arrays do not match)")


def _read(path: Path, role: str) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...]] | None:
    """The predictions and labels on a split, and the class names; None if there are none."""
    if not path.exists():
        return None
    check_archive(path)
    with open_to_read(path) as stream, np.load(stream, allow_pickle=False) as file:
        if f"{role}_predictions" not in file:
            return None
        names = tuple(map(str, file["class_names"])) if "class_names" in file else ()
        return file[f"{role}_predictions"], file[f"{role}_labels"], names


def _checked(
    run: RunRecord, predicted: NDArray[Any], labels: NDArray[Any], names: tuple[str, ...]
) -> Predictions | None:
    """Arrays as predictions; None if they cannot be what training writes."""
    if not _are_numbers(predicted) or not _are_numbers(labels) or len(predicted) != len(labels):
        return None
    predicted = predicted.reshape(len(predicted), -1)
    task = (run.summary.task if run.summary else None) or ("classes" if labels.dtype.kind in "iu" else "numbers")
    is_classes = task == "classes"
    if is_classes and not _are_classes(labels, predicted.shape[1]):
        return None
    if not is_classes and labels.size != predicted.size:
        return None
    return Predictions(predicted, labels, task, threshold(run), names)


def _are_numbers(array: NDArray[Any]) -> bool:
    """Whether an array holds at least one example, and numbers."""
    return array.ndim > 0 and array.size > 0 and array.dtype.kind in "fiub"


def _are_classes(labels: NDArray[Any], n_columns: int) -> bool:
    """Whether labels are class numbers of a network with that number of outputs."""
    return labels.size == len(labels) and float(labels.min()) >= 0 and float(labels.max()) < max(2, n_columns)


def score(run: RunRecord, role: str) -> Scores | NoPredictions:
    """A run's predictions on `test` or `validation`, scored, or why it has none that can be used."""
    found = read_predictions(run, role)
    if isinstance(found, NoPredictions):
        return found
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
    if not found.are_margins and p.min() >= 0 and p.max() <= 1:
        values["crossentropy"] = -np.log(np.clip(np.where(labels, p, 1 - p), TINY, 1 - TINY)).mean(axis=1)
    return values


def _number_scores(found: Predictions) -> dict[str, Floats]:
    errors = found.predicted.astype(np.float64) - found.labels.reshape(len(found.labels), -1).astype(np.float64)
    return {"mae": np.abs(errors).mean(axis=1), "mse": np.square(errors).mean(axis=1)}


SCORES = {"classes": _class_scores, "labels": _label_scores, "numbers": _number_scores}
"""How the predictions of each task are scored."""
