"""The trivial prediction that a network must beat: the most frequent class, or the mean, of the training split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Dataset, Task
from dnnctl.store.facts import Metrics


def baselines(dataset: Dataset) -> dict[str, Metrics]:
    """The metrics of the trivial prediction on each measured split."""
    splits = {"validation": dataset.validation, "test": dataset.test}
    train = dataset.train.targets
    return {role: baseline(train, split.targets, dataset.task) for role, split in splits.items() if split is not None}


def baseline(train: Array, targets: Array, task: Task) -> Metrics:
    """The metrics of the trivial prediction: accuracy of classes and labels, or mae, mse and rmse of numbers.

    Shapes: targets are (N,) class numbers, or (N, K) labels or numbers; each of the K columns has its own prediction.
    """
    return score_trivial(trivial_prediction(train, task), targets, task)


def trivial_prediction(train: Array, task: Task) -> NDArray[np.float64]:
    """(1,) the most frequent class, or (K,) the most frequent value of each label or the mean of each number."""
    if task == "classes":
        return np.array([np.argmax(np.bincount(train.astype(np.int64)))], np.float64)
    means = train.mean(axis=0, dtype=np.float64)
    return (means > 0.5).astype(np.float64) if task == "labels" else means


def score_trivial(prediction: NDArray[np.float64], targets: Array, task: Task) -> Metrics:
    """The metrics of the same prediction for every example."""
    if task != "numbers":
        return {"accuracy": float(np.mean(targets == prediction))}
    error = targets.astype(np.float64) - prediction
    mse = float(np.mean(error**2))
    return {"mae": float(np.mean(np.abs(error))), "mse": mse, "rmse": mse**0.5}
