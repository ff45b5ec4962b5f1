"""Runs of one recipe: the same spec with several seeds is one group, everything else a group of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from dnnctl.store.facts import Metrics
from dnnctl.store.record import RunRecord

NO_RECIPE = ("name", "description", "seed")
"""The keys of a spec that say nothing of what is trained, but which draw of it."""


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed alone."""

    label: str
    """a, b, c, …: what tables and verdicts call it."""
    runs: tuple[RunRecord, ...]

    @property
    def first(self) -> RunRecord:
        """The run that stands for the recipe."""
        return self.runs[0]

    def measured(self, role: str, metric: str) -> list[float]:
        """A metric of the best weights on a part of the data, of each finished run."""
        return list(self.by_seed(role, metric).values())

    def by_seed(self, role: str, metric: str) -> dict[Any, float]:
        """The same, by seed."""
        found = {run.facts.seed: measured_by(run, role).get(metric) for run in self.runs}
        return {seed: float(value) for seed, value in found.items() if isinstance(value, int | float)}

    def last(self, metric: str) -> list[float]:
        """A metric of the last epoch of each run."""
        found = (run.curve[-1].get(metric) for run in self.runs if run.curve)
        return [float(value) for value in found if isinstance(value, int | float)]


@dataclass(frozen=True)
class Spread:
    """Some runs' figures."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        """Their mean; none of no figures."""
        return mean(self.values) if self.values else None

    @property
    def deviation(self) -> float | None:
        """Their standard deviation, of two or more."""
        return stdev(self.values) if len(self.values) > 1 else None


def group_runs(runs: Sequence[RunRecord]) -> list[Group]:
    """The runs as groups, in the order in which their first runs come."""
    found: list[list[RunRecord]] = []
    for run in sorted(runs, key=lambda run: not run.status.is_complete):  # what is not complete takes no seed's place
        home = next((group for group in found if _belongs(run, group)), None)
        if home is None:
            found.append([run])
        else:
            home.append(run)
    found.sort(key=lambda group: min(runs.index(run) for run in group))
    return [Group(_label(index), tuple(group)) for index, group in enumerate(found)]


def recipe(run: RunRecord) -> str:
    """What a run shares with the others of its group, as text."""
    return json.dumps({key: value for key, value in run.spec.items() if key not in NO_RECIPE}, sort_keys=True)


def data_digest(run: RunRecord) -> str | None:
    """The identity of a run's data, if it came so far as to read them."""
    return run.facts.data.digest if run.facts.data else None


def measured_by(run: RunRecord, role: str) -> Metrics:
    """What the best weights of a run measure on `validation` or `test`; empty before it has finished."""
    return run.summary.measured(role) if run.summary else {}


def _belongs(run: RunRecord, group: list[RunRecord]) -> bool:
    if not run.spec or any(each.facts.parent or each.facts.pruned for each in (run, group[0])):
        return False
    seeds = {other.facts.seed for other in group}
    is_same_data = data_digest(run) == data_digest(group[0]) or None in (data_digest(run), data_digest(group[0]))
    return run.facts.seed not in seeds and is_same_data and recipe(run) == recipe(group[0])


def _label(index: int) -> str:
    """The labels in turn: a … z, then a2, b2, …"""
    turn, letter = divmod(index, 26)
    return chr(ord("a") + letter) + (str(turn + 1) if turn else "")
