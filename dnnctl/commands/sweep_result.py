"""The trials of a sweep and what they show, read from its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.errors import RunError, UserError
from dnnctl.specs import to_yaml
from dnnctl.specs.reading.load_sweep import LoadedSweep
from dnnctl.store.trials import Trial, confirming_runs, own_trials

if TYPE_CHECKING:
    from dnnctl.search.claim import Claim


@dataclass(frozen=True)
class SweepResult:
    """The trials of a sweep."""

    name: str
    plan: dict[str, Any]
    """The sweep as plain values."""
    metrics: tuple[str, ...]
    """The objectives."""
    trials: tuple[Trial, ...]
    """All trials by number."""
    best: tuple[Trial, ...]
    """The best finished trial; with several objectives those on the Pareto front."""
    claim: Claim | None = None
    """What the fresh seeds have confirmed."""

    def ordered(self) -> list[Trial]:
        """The finished trials, best first, and then the others by number."""
        from dnnctl.search.ranking import best_first

        finished = best_first(self.trials, self.metrics)
        known = {trial.run.id for trial in finished}
        return [*finished, *(trial for trial in self.trials if trial.run.id not in known)]


def read_sweep(trials: Sequence[Trial]) -> SweepResult:
    """A sweep as its trials show it, whether or not it is still running.

    Raises:
        RunError: the last trial is damaged.
    """
    from dnnctl.search.ranking import best_of, distinct_best

    own, runs = own_trials(trials), confirming_runs(trials)
    plan = dict(trials[-1].facts.plan)
    metrics = _metrics(plan, trials[-1])
    claim = None
    if runs:
        from dnnctl.search.claim import make_claim

        numbers = {run.number for run in runs}
        confirmed = [trial for trial in distinct_best(own, metrics) if trial.number in numbers]
        claim = make_claim(confirmed, runs, metrics[0])
    return SweepResult(trials[0].facts.sweep, plan, tuple(metrics), tuple(own), tuple(best_of(own, metrics)), claim)


def _metrics(plan: Mapping[str, Any], trial: Trial) -> list[str]:
    """The objectives in a sweep's plan.

    Raises:
        RunError: the run that holds the plan is damaged.
    """
    objective = plan.get("objective")
    parts = objective if isinstance(objective, list) else [objective]
    found = [part.get("metric") if isinstance(part, dict) else None for part in parts]
    if not found or not all(isinstance(each, str) for each in found):
        raise RunError(f"{trial.run.id} is damaged: run.json: trial.plan has no objective.")
    return [str(each) for each in found]


def write_best(loaded: LoadedSweep, result: SweepResult, path: Path) -> None:
    """Write the spec of the best setting: the confirmed one, or else the best of the sweep.

    Raises:
        UserError: no trial has finished, or the file cannot be written.
    """
    best = next(iter(result.best), None)
    if best is None:
        raise RunError(f"No trial of {result.name} has finished, so there is no best spec to write.")
    setting = best.facts.setting if result.claim is None else result.claim.best.setting
    text = to_yaml(loaded.spec_of(setting).spec)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from None
