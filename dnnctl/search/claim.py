"""What a sweep claims in the end: the best setting, on seeds that had no part in choosing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import Any

from dnnctl.compare.comparison import compare_runs
from dnnctl.compare.t_tests import interval_of_mean
from dnnctl.compare.verdict import Verdict
from dnnctl.errors import UserError
from dnnctl.search.ranking import loss_of
from dnnctl.seeds import derive_seed
from dnnctl.specs.sweep import COSTS
from dnnctl.store.trials import Trial, TrialState


@dataclass(frozen=True)
class Score:
    """The mean of a metric over fresh seeds, with its 95 % interval."""

    metric: str
    mean: float
    low: float | None
    """None for fewer than two seeds."""
    high: float | None
    n: int


@dataclass(frozen=True)
class Confirmed:
    """A setting that was trained again with fresh seeds."""

    trial: int
    setting: dict[str, Any]
    in_sweep: float
    """Its score in the sweep, where it was chosen."""
    score: Score
    """Its score on fresh seeds."""
    test: Score | None
    """The same metric on test data, if there are any."""
    bias: float
    """By how much the score in the sweep was too good; below 0 if it was too bad."""


@dataclass(frozen=True)
class Claim:
    """The best setting by fresh seeds, and how sure this is."""

    metric: str
    settings: tuple[Confirmed, ...]
    """Best first, by their scores on fresh seeds."""
    selection_bias: float
    """The bias of the setting that was best in the sweep."""
    indistinguishable: tuple[int, ...]
    """The confirmed trials that are not significantly different from the best one."""
    worse: tuple[int, ...]
    """The confirmed trials that are significantly worse than the best one."""
    verdicts: tuple[str, ...]
    """The verdicts of `compare`, in words."""

    @property
    def best(self) -> Confirmed:
        """The best setting by fresh seeds."""
        return self.settings[0]

    def as_object(self) -> dict[str, Any]:
        """The claim as a JSON object."""
        return asdict(self)


def fresh_seeds(seed: int, n: int) -> list[int]:
    """Seeds that no trial was trained with; the same for all settings, so that they can be compared in pairs."""
    return [derive_seed(seed, "confirm", place) for place in range(1, n + 1)]


def make_claim(best: Sequence[Trial], runs: Sequence[Trial], metric: str) -> Claim | None:
    """What the runs with fresh seeds show; None if none of them has finished.

    Args:
        best: the trials that were confirmed, best first.
    """
    found = {trial.number: _confirmed(trial, _of(trial, runs), metric) for trial in best}
    settings = [each for each in found.values() if each is not None]
    if not settings:
        return None
    leader = settings[0]
    settings.sort(key=lambda each: loss_of(each.score.mean, metric))
    verdicts = _verdicts([_of(trial, runs) for trial in best], metric)
    first = f"trial {settings[0].trial}"
    worse = [
        each.trial
        for each in settings[1:]
        if any(verdict.better == first and f"trial {each.trial}" in (verdict.a, verdict.b) for verdict in verdicts)
    ]
    return Claim(
        metric=metric,
        settings=tuple(settings),
        selection_bias=leader.bias,
        indistinguishable=tuple(each.trial for each in settings[1:] if each.trial not in worse),
        worse=tuple(worse),
        verdicts=tuple(map(str, verdicts)),
    )


def _of(trial: Trial, runs: Sequence[Trial]) -> list[Trial]:
    """The finished runs that confirm a trial."""
    return [run for run in runs if run.number == trial.number and run.state is TrialState.FINISHED]


def _confirmed(trial: Trial, runs: Sequence[Trial], metric: str) -> Confirmed | None:
    in_sweep = trial.value(metric)
    score = _score(metric, [run.value(metric) for run in runs])
    if in_sweep is None or score is None:
        return None
    name = metric.removeprefix("val_")
    tested = [run.run.summary.measured("test").get(name) for run in runs if run.run.summary is not None]
    return Confirmed(
        trial=trial.number,
        setting=dict(trial.facts.setting),
        in_sweep=in_sweep,
        score=score,
        test=_score(f"test_{name}", tested),
        bias=loss_of(score.mean, metric) - loss_of(in_sweep, metric),
    )


def _score(metric: str, values: Sequence[float | None]) -> Score | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, high = interval_of_mean(known) if len(known) > 1 else (None, None)
    return Score(metric, mean(known), low, high, len(known))


def _verdicts(groups: Sequence[Sequence[Trial]], metric: str) -> list[Verdict]:
    """The verdicts of `compare`, in which each setting is called by its trial."""
    runs = [trial for group in groups for trial in group]
    if metric in COSTS or len([group for group in groups if group]) < 2:
        return []
    try:
        comparison = compare_runs([trial.run for trial in runs], metric.removeprefix("val_"))
    except UserError:  # none of the runs has that metric as a result
        return []
    numbers = {trial.run.id: trial.number for trial in runs}
    labels = {group.label: f"trial {numbers[group.first.id]}" for group in comparison.groups}
    return [replace(verdict, a=labels[verdict.a], b=labels[verdict.b]) for verdict in comparison.verdicts]
