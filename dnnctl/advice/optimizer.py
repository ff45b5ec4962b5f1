"""The optimizer: rates and momentum outside of what works."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.finding import Finding
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule
from dnnctl.specs.path import Path
from dnnctl.specs.planned_phase import PlannedPhase

USUAL_RATES = {
    "sgd": (1e-5, 1.0),
    "rmsprop": (1e-6, 0.03),
    "adam": (1e-6, 0.03),
    "adamw": (1e-6, 0.03),
    "adamax": (1e-6, 0.05),
    "nadam": (1e-6, 0.03),
    "lamb": (1e-6, 0.1),
    "adagrad": (1e-4, 1.0),
    "adadelta": (1e-3, 10.0),
    "adafactor": (1e-6, 0.1),
    "ftrl": (1e-4, 1.0),
    "lion": (1e-7, 3e-3),
    "muon": (1e-5, 0.2),
    "schedule_free_adamw": (1e-5, 0.1),
}
"""The rates with which an optimizer is used, from the smallest to the largest."""
MAX_MOMENTUM = 0.99
MAX_ADAGRAD_EPOCHS = 20


@rule("learning-rate", "warning")
def learning_rate(recipe: Recipe) -> Iterator[Finding]:
    """Each optimizer has a range of rates with which it is used. Above it, training usually diverges; below it, nothing
    is learned in a reasonable time.
    """
    for phase in recipe.phases:
        found, kind = _largest_rate(phase), phase.optimizer.kind
        low, high = USUAL_RATES[kind]
        if found and phase.starts_schedule and not low <= found[1] <= high:
            path, rate = found
            reason = f"a rate of {rate:g} is {'above' if rate > high else 'below'} the usual range of {kind}"
            advice = f"Usual rates are {low:g} to {high:g}. `dnnctl find-rate` suggests one."
            yield Finding(path, reason, advice=advice)


def _largest_rate(phase: PlannedPhase) -> tuple[Path, float] | None:
    """Where the largest rate of a phase is written, and the rate; None if a range test finds it."""
    if phase.schedule.kind == "one_cycle":
        rate = phase.schedule.max_rate
        return None if rate == "auto" else ((*phase.schedule_path, "max_rate"), rate)
    if phase.schedule.kind == "piecewise":
        return (*phase.schedule_path, "values"), max(phase.schedule.values)
    return (*phase.optimizer_path, "learning_rate"), phase.optimizer.learning_rate


@rule("momentum", "warning")
def momentum(recipe: Recipe) -> Iterator[Finding]:
    """A momentum β averages over about 1/(1 − β) steps and multiplies the step by the same number. Above 0.99, that is
    more than 100 steps, and training overshoots.
    """
    for phase in recipe.phases:
        found = getattr(phase.optimizer, "momentum", 0.0)
        if phase.starts_optimizer and found > MAX_MOMENTUM:
            reason = f"a momentum of {found:g} averages over {1 / (1 - found):,.0f} steps"
            yield Finding((*phase.optimizer_path, "momentum"), reason, advice="Usual values are 0.9 to 0.99.")


@rule("adagrad-long", "warning")
def adagrad(recipe: Recipe) -> Iterator[Finding]:
    """AdaGrad divides by the root of the sum of all squared gradients, which only grows. Its steps become so small that
    deep networks stop learning before they are good.

    Source: Duchi et al., 2011; Goodfellow et al., 2016, chapter 8.
    """
    for phase in recipe.phases:
        if phase.starts_optimizer and phase.optimizer.kind == "adagrad" and phase.epochs > MAX_ADAGRAD_EPOCHS:
            advice = "rmsprop or adam average the squares over recent steps instead."
            reason = f"AdaGrad's steps become too small over {phase.epochs} epochs"
            yield Finding(phase.optimizer_path, reason, advice=advice)
