"""Schedules and early stopping: whether they fit the length of training, and each other."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.finding import Finding, change
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.text import format_count

NEARLY = 0.05
"""The deviation that is not worth a word, as a fraction of the planned steps."""
MUCH_LONGER = 10


def _planned(recipe: Recipe, phase: PlannedPhase, clock: str) -> int | None:
    """The planned number of steps or epochs of a schedule; None if it is not known before the data are read."""
    if clock == "epoch":
        return phase.span
    return None if recipe.steps_per_epoch is None else recipe.steps_per_epoch * phase.span


@rule("schedule-length", "warning")
def length(recipe: Recipe) -> Iterator[Finding]:
    """A schedule that ends before training trains the rest with its last rate; one that is longer never reaches its low
    rates, in which most of the gain is made.
    """
    for phase in recipe.schedules:
        find = {"piecewise": _boundaries, "cosine": _ends, "polynomial": _ends, "exponential": _falls, "power": _falls}
        planned = _planned(recipe, phase, getattr(phase.schedule, "per", "step"))
        if planned is not None and phase.schedule.kind in find:
            yield from find[phase.schedule.kind](phase, planned)


def _boundaries(phase: PlannedPhase, planned: int) -> Iterator[Finding]:
    last, clock = phase.schedule.boundaries[-1], phase.schedule.per
    if last >= planned:
        path = (*phase.schedule_path, "boundaries")
        reason = f"the last boundary, {last:,}, is not before the end of training at {format_count(planned, clock)}"
        yield Finding(path, reason, advice="Train longer, or move the boundaries.")


def _ends(phase: PlannedPhase, planned: int) -> Iterator[Finding]:
    steps, path = phase.schedule.steps, (*phase.schedule_path, "steps")
    if steps != "auto" and abs(steps - planned) > NEARLY * planned:
        reason = f"the schedule has {format_count(steps, 'step')}, but training has {planned:,}"
        yield Finding(path, reason, change(path, "auto"))


def _falls(phase: PlannedPhase, planned: int) -> Iterator[Finding]:
    if phase.schedule.steps > MUCH_LONGER * planned:
        reason = f"the rate hardly falls within the {format_count(planned, phase.schedule.per)} of training"
        advice = "Use fewer steps, or `per: epoch` if epochs are meant."
        yield Finding((*phase.schedule_path, "steps"), reason, advice=advice)


@rule("warmup-length", "warning")
def warmup_length(recipe: Recipe) -> Iterator[Finding]:
    """A warmup lets the first steps be small. If it takes most of training, the intended rate is hardly used."""
    for phase in recipe.schedules:
        warmup, planned = getattr(phase.schedule, "warmup", "none"), _planned(recipe, phase, "step")
        steps = 0 if isinstance(warmup, str) else warmup.steps
        if planned is not None and steps > planned / 2:
            reason = f"the warmup takes {steps:,} of {format_count(planned, 'step')}"
            path = (*phase.schedule_path, "warmup", "steps")
            yield Finding(path, reason, change(path, max(planned // 20, 1), is_safe=False))


@rule("patience-order", "warning")
def patience(recipe: Recipe) -> Iterator[Finding]:
    """A performance schedule lowers the rate after its patience, and early stopping ends training after its own. If
    the second is not longer, training ends before a lower rate can help.
    """
    stopping = recipe.spec.training.early_stopping
    for phase in (each for each in recipe.phases if each.starts_schedule):
        if phase.schedule.kind != "performance" or stopping == "none":
            continue
        if stopping.monitor == phase.schedule.monitor and stopping.patience <= phase.schedule.patience:
            path = ("training", "early_stopping", "patience")
            reason = f"training stops after {stopping.patience} epochs without improvement, before the rate is lowered"
            yield Finding(path, reason, change(path, 2 * phase.schedule.patience, is_safe=False))


@rule("cycle-stopped", "warning")
def cycle(recipe: Recipe) -> Iterator[Finding]:
    """One-cycle, cosine and polynomial schedules do most of their work at the low rates of their end. Early stopping
    during the high rates throws that away.

    Source: Smith, 2018.
    """
    stopping = recipe.spec.training.early_stopping
    for phase in recipe.schedules:
        if phase.schedule.kind == "one_cycle" and stopping != "none" and stopping.patience < phase.span / 2:
            reason = "early stopping can end training before the rate of the cycle falls"
            path = ("training", "early_stopping")
            yield Finding(path, reason, advice="Remove early stopping: the best weights are kept in any case.")


@rule("early-stopping-length", "hint")
def stopping_length(recipe: Recipe) -> Iterator[Finding]:
    """Early stopping with a patience of all epochs never stops training."""
    stopping, epochs = recipe.spec.training.early_stopping, recipe.spec.training.epochs
    if recipe.spec.training.is_settled and stopping != "none" and stopping.patience >= epochs:
        path = ("training", "early_stopping", "patience")
        reason = f"a patience of {stopping.patience} cannot stop a training of {epochs} epochs"
        yield Finding(path, reason, advice="Train longer, or use less patience.")
