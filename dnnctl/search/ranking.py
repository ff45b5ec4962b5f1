"""Which trials are best: by one objective a ranking, by several a Pareto front."""

from __future__ import annotations

from collections.abc import Sequence

from dnnctl.specs.sweep import COSTS
from dnnctl.store.metrics import is_less_better
from dnnctl.store.trials import Trial, TrialState


def less_is_better(metric: str) -> bool:
    """Whether smaller values of an objective are better."""
    return metric in COSTS or is_less_better(metric)


def loss_of(value: float, metric: str) -> float:
    """A value as a number of which less is better."""
    return value if less_is_better(metric) else -value


def losses_of(trial: Trial, metrics: Sequence[str]) -> tuple[float, ...] | None:
    """A finished trial's values as numbers of which less is better; None if one of them is missing."""
    found = [trial.value(metric) for metric in metrics] if trial.state is TrialState.FINISHED else [None]
    known = [loss_of(value, metric) for value, metric in zip(found, metrics, strict=False) if value is not None]
    return tuple(known) if len(known) == len(metrics) else None


def best_first(trials: Sequence[Trial], metrics: Sequence[str]) -> list[Trial]:
    """The finished trials, best first; equal ones by number. By several objectives: the Pareto front comes first."""
    losses = {trial.run.id: losses_of(trial, metrics) for trial in trials}
    finished = [trial for trial in trials if losses[trial.run.id] is not None]
    front = {trial.run.id for trial in pareto_front(finished, metrics)} if len(metrics) > 1 else set()
    return sorted(finished, key=lambda trial: (trial.run.id not in front, losses[trial.run.id], trial.number))


def best_of(trials: Sequence[Trial], metrics: Sequence[str]) -> list[Trial]:
    """The best finished trial, if there is one; by several objectives the Pareto front."""
    return pareto_front(trials, metrics) if len(metrics) > 1 else best_first(trials, metrics)[:1]


def distinct_best(trials: Sequence[Trial], metrics: Sequence[str]) -> list[Trial]:
    """The finished trials, best first, each setting once."""
    return list({repr(trial.facts.setting): trial for trial in best_first(trials, metrics)}.values())


def pareto_front(trials: Sequence[Trial], metrics: Sequence[str]) -> list[Trial]:
    """The finished trials of which no other one is at least as good in everything, and better in something."""
    known = [(trial, losses) for trial in trials if (losses := losses_of(trial, metrics)) is not None]
    return [trial for trial, losses in known if not any(_dominates(other, losses) for _, other in known)]


def _dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))
