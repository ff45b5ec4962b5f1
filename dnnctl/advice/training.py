"""What the curves of a finished training say, and what to change. Everything comes from the record of the run.

The thresholds are chosen so that good short trainings get no advice: a gain of 5 % in the last fifth of the epochs, or
a validation loss that is 10 % above its minimum while the training loss fell by 10 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from dnnctl.store.columns import spec_value
from dnnctl.store.facts import Row
from dnnctl.store.metrics import finite, is_less_better
from dnnctl.store.record import RunRecord
from dnnctl.store.training_advice import TrainingAdvice
from dnnctl.text import format_number

MIN_EPOCHS = 3
"""Shorter trainings have no curve."""
LAST_PART = 0.2
"""The fraction of the epochs at the end in which an improvement counts as the last one."""
GAIN = 0.05
"""The relative gain in them that shows that training was too short."""
SCORE_GAIN = 0.01
"""The smallest gain of a score, such as the accuracy: less may be a few examples."""
ANNEALED = 0.1
"""A schedule whose last rate is below this fraction of its largest one ends training on purpose."""
RISE, FALL = 1.1, 0.9
"""How far the validation loss rises above its minimum, and the training loss falls, if a network overfits."""
N_LAST = 3
"""The number of last values whose mean is compared."""


@dataclass(frozen=True)
class Curve:
    """The finite values of one metric."""

    epochs: Sequence[int]
    values: Sequence[float]


def advise(run: RunRecord) -> list[TrainingAdvice]:
    """The advice about a training; empty if it is not finished, or if nothing is wrong."""
    if run.summary is None or run.facts.pruned is not None or len(run.rows) < MIN_EPOCHS:
        return []
    return [found for rule in RULES if (found := rule(run)) is not None]


def _still_improving(run: RunRecord) -> TrainingAdvice | None:
    """The monitored metric improved until the last epoch, and not because the rate was lowered to its end."""
    curve = _curve(run.rows, run.monitor)
    rates = _curve(run.rows, "learning_rate").values
    n_last = max(1, round(LAST_PART * len(curve.values)))
    if not run.monitor.startswith("val_") or len(curve.values) < MIN_EPOCHS or _is_stopped(run):
        return None
    if not rates or rates[-1] < ANNEALED * max(rates):
        return None
    is_loss = is_less_better(run.monitor)
    choose = min if is_loss else max
    before, best = choose(curve.values[:-n_last]), choose(curve.values)
    # A score is at most 1: what counts is how much of the rest is gained.
    gain = abs(best - before) / ((abs(before) if is_loss else abs(1 - before)) or 1.0)
    is_noise = not is_loss and best - before < SCORE_GAIN
    if curve.values[-1] != best or gain < GAIN or is_noise:
        return None
    when = "" if n_last == 1 else f" in the last {n_last} epochs"
    reason = f"{run.monitor} still improved in the last epoch: by {gain:.0%}{when}."
    return TrainingAdvice("still_improving", reason, (_longer(run),))


def _overfitting(run: RunRecord) -> TrainingAdvice | None:
    """The validation loss rises while the training loss falls. Early stopping that stopped has done its work."""
    curve, losses = _curve(run.rows, "val_loss"), _curve(run.rows, "loss")
    if len(curve.values) < MIN_EPOCHS or _is_stopped(run):
        return None
    best = min(curve.values)
    place = curve.values.index(best)
    since = curve.epochs[place]
    before = [value for epoch, value in zip(losses.epochs, losses.values, strict=True) if epoch <= since]
    last, rest = sum(curve.values[-N_LAST:]) / N_LAST, len(curve.values) - place - 1
    if rest < N_LAST or not before or best <= 0 or last < RISE * best or losses.values[-1] > FALL * before[-1]:
        return None
    reason = (
        f"Overfitting since epoch {since}: val_loss rose from {format_number(best)} to "
        f"{format_number(curve.values[-1])}, while loss fell from {format_number(before[-1])} to "
        f"{format_number(losses.values[-1])}."
    )
    changes = []
    if spec_value(run.spec, "model.defaults.dropout") in (None, "none"):
        is_selu = spec_value(run.spec, "model.defaults.activation") == "selu"
        kind = "{kind: alpha_dropout, rate: 0.1}" if is_selu else "{kind: dropout, rate: 0.2}"
        changes.append(f"model.defaults.dropout: {kind}")
    if spec_value(run.spec, "training.early_stopping") in (None, "none"):
        changes.append(f"training.early_stopping: {{patience: {max(N_LAST, run.epochs // 10)}}}")
    return TrainingAdvice("overfitting", reason, tuple(changes))


def _below_baseline(run: RunRecord) -> TrainingAdvice | None:
    """No metric of the best weights is better than that of the trivial prediction."""
    summary = run.summary
    assert summary is not None, "the run is finished"
    role = "validation" if summary.baseline.get("validation") and summary.validation else "test"
    baseline, found = summary.baseline.get(role) or {}, summary.measured(role)
    pairs = {name: (finite(found.get(name)), finite(value)) for name, value in baseline.items()}
    shared = {
        name: (ours, trivial) for name, (ours, trivial) in pairs.items() if ours is not None and trivial is not None
    }
    if not shared or any(
        ours < trivial if is_less_better(name) else ours > trivial for name, (ours, trivial) in shared.items()
    ):
        return None
    name, (ours, trivial) = next(iter(shared.items()))
    values = f"{role} {name} {format_number(ours)}, baseline {format_number(trivial)}"
    reason = f"The best weights are no better than the trivial baseline: {values}."
    losses = _curve(run.rows, "loss").values
    if any(after > RISE * before for before, after in pairwise(losses)):
        return TrainingAdvice("below_baseline", reason, _rates(run, 0.1))
    if losses and losses[-1] < FALL * losses[0]:
        return TrainingAdvice("below_baseline", f"{reason} The inputs may not determine the target.")
    falls = all(after < before for before, after in pairwise(losses))
    return TrainingAdvice("below_baseline", reason, _rates(run, 10.0 if falls else 0.1))


def _rate_at_floor(run: RunRecord) -> TrainingAdvice | None:
    """The rate of the performance schedule reached its minimum, and nothing improved after that."""
    floor = finite(spec_value(run.spec, "schedule.min_rate"))
    is_lowered = spec_value(run.spec, "schedule") == "performance" and not run.roll_backs
    rates, patience = _curve(run.rows, "learning_rate"), _count(spec_value(run.spec, "schedule.patience"))
    if not is_lowered or not floor or not rates.values or rates.values[0] <= floor:
        return None
    n_at_floor = sum(rate <= floor * (1 + 1e-6) for rate in rates.values)
    since = run.epochs - n_at_floor + 1
    best = run.best.get("epoch")
    if n_at_floor <= patience or not isinstance(best, int) or best >= since:
        return None
    reason = f"The learning rate is at its floor since epoch {since}, and {run.monitor} has not improved since then."
    lower, shorter = f"schedule.min_rate: {floor / 10:g}", f"training.epochs: {since}"
    has_epochs = _longer(run).startswith("training.epochs")
    return TrainingAdvice("rate_at_floor", reason, (lower, shorter) if has_epochs else (lower,))


RULES: tuple[Callable[[RunRecord], TrainingAdvice | None], ...] = (
    _below_baseline,
    _overfitting,
    _still_improving,
    _rate_at_floor,
)


def _longer(run: RunRecord) -> str:
    """The number of epochs, that of the last phase, or the budget, with twice its value."""
    if (minutes := finite(spec_value(run.spec, "training.budget.minutes"))) is not None:
        return f"training.budget.minutes: {2 * minutes:g}"
    phases = spec_value(run.spec, "training.phases")
    path = f"training.phases.{len(phases) - 1}.epochs" if isinstance(phases, list) else "training.epochs"
    return f"{path}: {2 * (_count(spec_value(run.spec, path)) or run.epochs)}"


def _is_stopped(run: RunRecord) -> bool:
    """Whether early stopping or a sweep ended the training."""
    return run.summary is not None and run.summary.stopped_early


def _curve(rows: Sequence[Row], name: str) -> Curve:
    found = [(row["epoch"], value) for row in rows if (value := finite(row.get(name))) is not None]
    return Curve([epoch for epoch, _ in found], [value for _, value in found])


def _rates(run: RunRecord, factor: float) -> tuple[str, ...]:
    """The key of the learning rate with its value times a factor; empty if it is chosen in another way."""
    paths = ("schedule.max_rate", "schedule.values", "optimizer.learning_rate")
    for path in paths:
        value: Any = spec_value(run.spec, path)
        if isinstance(value, list):
            return (f"{path}: [{', '.join(f'{rate * factor:.3g}' for rate in value if finite(rate) is not None)}]",)
        if (rate := finite(value)) is not None:
            return (f"{path}: {rate * factor:.3g}",)
    return ()


def _count(value: Any) -> int:
    return value if type(value) is int else 0
