"""The metrics of each of several target numbers: their units differ, so that a mean over them says little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array
from dnnctl.store.facts import Metrics


def score_each_target(predicted: Array, targets: Array, names: Sequence[str]) -> dict[str, Metrics]:
    """By target the mean absolute error, the root of the mean squared error, and R², each in the unit of the target.

    Shapes: predicted and targets are (N, K). The result is empty for one target.

    Args:
        names: of the targets; those without a name are called by their numbers.
    """
    errors = predicted.reshape(targets.shape).astype(np.float64) - targets.astype(np.float64)
    if errors.ndim < 2 or errors.shape[1] < 2:
        return {}
    n_targets = errors.shape[1]
    called = [*names, *map(str, range(len(names), n_targets))]
    return {called[k]: _scores(errors[:, k], targets[:, k].astype(np.float64)) for k in range(n_targets)}


def _scores(errors: NDArray[np.float64], targets: NDArray[np.float64]) -> Metrics:
    mse, variance = float(np.mean(errors**2)), float(np.var(targets))
    r2 = 1 - mse / variance if variance > 0 else None
    return {"mae": float(np.mean(np.abs(errors))), "rmse": mse**0.5, "r2": r2}
