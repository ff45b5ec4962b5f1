"""The trivial prediction that a network must beat: the most frequent class, or the mean, of the training split."""

from __future__ import annotations

import numpy as np

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
    if task == "classes":
        most_frequent = int(np.argmax(np.bincount(train.astype(np.int64))))
        return {"accuracy": float(np.mean(targets == most_frequent))}
    if task == "labels":
        return {"accuracy": float(np.mean(targets == (train.mean(axis=0) > 0.5)))}
    error = targets.astype(np.float64) - train.mean(axis=0, dtype=np.float64)
    mse = float(np.mean(error**2))
    return {"mae": float(np.mean(np.abs(error))), "mse": mse, "rmse": mse**0.5}
