"""Groups of runs: runs of the same spec with several seeds or folds form one group; any other run is its own group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev

from dnnctl.store.alteration import has_own_result, has_own_rows
from dnnctl.store.catalog import LENGTH_OF_TIME
from dnnctl.store.facts import Metrics
from dnnctl.store.metrics import finite
from dnnctl.store.recipe import Repetition, is_repeatable, recipe, repetition
from dnnctl.store.record import RunRecord


@dataclass(frozen=True)
class Group:
    """Runs that differ only in their seed or their fold."""

    label: str
    """The name of the group in tables and verdicts: a, b, c, …, or the name of its runs."""
    runs: tuple[RunRecord, ...]
    left_out: tuple[RunRecord, ...] = ()
    """Runs whose seed and fold are already in the group: older or unfinished ones of the same name."""

    @property
    def first(self) -> RunRecord:
        """The run that represents the recipe."""
        return self.runs[0]

    def measured(self, role: str, metric: str) -> list[float]:
        """A metric of the best weights on a split, for each finished run."""
        return list(self.by_repetition(role, metric).values())

    def by_repetition(self, role: str, metric: str) -> dict[Repetition, float]:
        """The same, by seed and fold."""
        found = {repetition(run): measured_by(run, role).get(metric) for run in self.runs}
        return {key: number for key, value in found.items() if (number := finite(value)) is not None}

    def last(self, metric: str) -> list[float]:
        """A metric at the last epoch of each run."""
        found = (run.curve[-1].get(metric) for run in self.runs if run.curve and has_own_rows(run))
        return [number for value in found if (number := finite(value)) is not None]


@dataclass(frozen=True)
class Spread:
    """One value for each of several runs."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        """The mean; None if there are no values."""
        return mean(self.values) if self.values else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation; None for fewer than two values."""
        return stdev(self.values) if len(self.values) > 1 else None


@dataclass
class _Draft:
    """A group while runs are added to it."""

    runs: list[RunRecord]
    duplicates: list[RunRecord] = field(default_factory=list)


def group_runs(runs: Sequence[RunRecord], *, by_name: bool = False) -> list[Group]:
    """The runs as groups, in the order of their first runs.

    Args:
        by_name: label the groups with the names of their runs instead of letters.

    A group has one run for each seed and fold: the newest complete one. If all runs of a recipe have the same seed and
    fold, each is its own group, so that they are compared with each other.
    """
    drafts: list[_Draft] = []
    for run in _complete_and_newest_first(runs):
        _add(run, drafts)
    for draft in list(drafts):
        if len(draft.runs) == 1:
            drafts += [_Draft([run]) for run in draft.duplicates]
            draft.duplicates = []
    for draft in drafts:
        draft.runs.sort(key=runs.index)
    drafts.sort(key=lambda draft: runs.index(draft.runs[0]))
    firsts = [draft.runs[0] for draft in drafts]
    labels = _names(firsts) if by_name else [_letter(index) for index in range(len(drafts))]
    return [
        Group(label, tuple(draft.runs), tuple(sorted(draft.duplicates, key=runs.index)))
        for label, draft in zip(labels, drafts, strict=True)
    ]


def _complete_and_newest_first(runs: Sequence[RunRecord]) -> list[RunRecord]:
    newest = sorted(runs, key=lambda run: (run.created, run.id), reverse=True)
    return sorted(newest, key=lambda run: not run.status.is_complete)


def _add(run: RunRecord, drafts: list[_Draft]) -> None:
    """Add a run to the first group that it belongs to, or as a new group."""
    for draft in drafts:
        if not _belongs(run, draft.runs[0]):
            continue
        same = next((other for other in draft.runs if repetition(other) == repetition(run)), None)
        if same is None:
            draft.runs.append(run)
            return
        if same.name == run.name:
            draft.duplicates.append(run)
            return
    drafts.append(_Draft([run]))


def data_digest(run: RunRecord) -> str | None:
    """The digest of a run's data; None if the run never read them."""
    return run.facts.data.digest if run.facts.data else None


def have_same_data(groups: Sequence[Group], role: str) -> bool:
    """Whether the groups whose data are known were measured on the same examples.

    Args:
        role: `test`, which needs the same source; or `training` or `validation`, which also need the same split.
    """
    known = [data for group in groups if (data := group.first.facts.data) is not None]
    return len({data.digest if role == "test" else (data.digest, data.split) for data in known}) < 2


def measured_by(run: RunRecord, role: str) -> Metrics:
    """The metrics of a run's best weights on `validation` or `test`; empty until it has finished, or if altered."""
    return run.summary.measured(role) if run.summary and has_own_result(run) else {}


def _belongs(run: RunRecord, other: RunRecord) -> bool:
    """Whether two runs have the same recipe and, if known, the same data."""
    if not is_repeatable(run) or not is_repeatable(other):
        return False
    digests = data_digest(run), data_digest(other)
    return (digests[0] == digests[1] or None in digests) and recipe(run) == recipe(other)


def _names(runs: Sequence[RunRecord]) -> list[str]:
    """The name of each run; of those with the same name also their seeds, or else their times, or else their ids."""
    names = [run.name for run in runs]
    for more in (lambda run: str(repetition(run)), lambda run: run.id[:LENGTH_OF_TIME], lambda run: run.id):
        taken = Counter(names)
        names = [
            name if taken[name] == 1 else f"{run.name} ({more(run)})" for name, run in zip(names, runs, strict=True)
        ]
    return names


def _letter(index: int) -> str:
    """The label of a group: a to z, then a2, b2, …"""
    turn, letter = divmod(index, 26)
    return chr(ord("a") + letter) + (str(turn + 1) if turn else "")
