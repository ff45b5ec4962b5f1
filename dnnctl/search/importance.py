"""How much of the differences between trials each parameter explains alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from dnnctl.compare.paired_tests import holm
from dnnctl.compare.verdict import SIGNIFICANT
from dnnctl.search.axis import Axis
from dnnctl.search.ranking import loss_of
from dnnctl.store.trials import Trial, TrialState

MAX_GROUPS = 5
GROUP_SIZE = 5
"""A range is divided into groups of at least this many trials."""
MIN_TRIALS = 10
"""With fewer trials nothing is estimated."""
FEW = 10
"""With fewer trials for each parameter, there is a warning."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """How much a parameter explains alone."""

    axis: Axis
    fraction: float
    """Of the variance of the ranks, η²; not below 0."""
    p: float
    """That of the Kruskal-Wallis test, after Holm's correction for the number of parameters."""

    @property
    def is_significant(self) -> bool:
        """Whether chance alone seldom gives as much."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True)
class Importances:
    """The importance of each parameter for an objective."""

    n: int
    """The number of trials that they are estimated from."""
    found: tuple[Importance, ...] = ()
    """The most important one first; empty if there are too few trials."""
    warning: str = ""

    @property
    def rest(self) -> float:
        """The fraction that no parameter explains alone: interactions, and the randomness of training."""
        return max(0.0, 1 - sum(each.fraction for each in self.found))


def losses_by_trial(trials: Sequence[Trial], metric: str) -> dict[int, float]:
    """The losses that trials are ranked by, by number: also those of stopped ones so far; diverged ones are worst."""
    found: dict[int, float] = {}
    for trial in trials:
        value = trial.value(metric)
        if trial.state is TrialState.DIVERGED:
            found[trial.number] = inf
        elif trial.state in (TrialState.FINISHED, TrialState.STOPPED) and value is not None:
            found[trial.number] = loss_of(value, metric)
    return found


def importances(axes: Sequence[Axis], trials: Sequence[Trial], metric: str) -> Importances:
    """The importance of each parameter for an objective: η² of a Kruskal-Wallis test.

    Trials are ranked by the objective and grouped by the value of the parameter, a range into up to five groups of
    equal size. With k groups of n trials, H = (n - 1) · (sum of squares between groups) / (total sum of squares) of the
    ranks, and η² = (H - k + 1) / (n - k), which is 0 on average if the parameter has no effect.

    Source: Kruskal and Wallis (1952); Tomczak and Tomczak (2014).
    """
    losses = losses_by_trial(trials, metric)
    ranked = [trial for trial in trials if trial.number in losses]
    n = len(ranked)
    if n < MIN_TRIALS:
        return Importances(n, warning=f"{n} trials with a score are too few to estimate it; {MIN_TRIALS} are needed.")
    ranks = average_ranks(np.array([losses[trial.number] for trial in ranked]))
    settings = [trial.facts.setting for trial in ranked]
    tested = {axis.path: kruskal_wallis(ranks, groups_of(axis, settings)) for axis in axes}
    corrected = holm([p for _, p in tested.values()])
    found = [Importance(axis, max(0.0, tested[axis.path][0]), p) for axis, p in zip(axes, corrected, strict=True)]
    warning = (
        f"{n} trials are few for {len(axes)} parameters: with less than {FEW} for each, chance decides much of this."
        if n < FEW * len(axes)
        else ""
    )
    return Importances(n, tuple(sorted(found, key=lambda each: -each.fraction)), warning)


def groups_of(axis: Axis, settings: Sequence[Mapping[str, object]]) -> NDArray[np.int64]:
    """The group of each setting, by the value of a parameter; -1 if it has none."""
    places = [axis.at(setting) for setting in settings]
    known = np.array([place is not None for place in places])
    values = np.array([place for place in places if place is not None])
    groups = np.full(len(places), -1)
    if axis.choices:
        groups[known] = values.astype(int)
    elif len(values):
        n_groups = max(2, min(MAX_GROUPS, len(values) // GROUP_SIZE))
        groups[known] = np.minimum((average_ranks(values) - 0.5) / len(values) * n_groups, n_groups - 1).astype(int)
    return groups


def average_ranks(values: Floats) -> Floats:
    """The ranks from 1; equal values have the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], np.float64)


def kruskal_wallis(ranks: Floats, groups: NDArray[np.int64]) -> tuple[float, float]:
    """η² and the p-value of ranks in groups; the effect is 0 if there is nothing to compare."""
    used, inverse = np.unique(groups, return_inverse=True)
    n, k = len(ranks), len(used)
    deviations = ranks - ranks.mean()
    total = float(deviations @ deviations)
    if k < 2 or n <= k or total == 0:
        return 0.0, 1.0
    sums, sizes = np.bincount(inverse, weights=deviations), np.bincount(inverse)
    h = (n - 1) * float((sums**2 / sizes).sum()) / total
    return (h - k + 1) / (n - k), float(chdtrc(k - 1, h))
