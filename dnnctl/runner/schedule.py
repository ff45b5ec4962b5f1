"""Schedules: the learning rate as a pure function of the step, in float64.

t is the step (or epoch) since the end of the warmup, η₀ the optimizer's rate, n the number of steps after the warmup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.errors import Fault, SpecError
from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.field import Kind
from dnnctl.specs.path import dotted
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.specs.schedule import (
    ConstantRate,
    Cosine,
    Exponential,
    MomentumCycle,
    OneCycle,
    Performance,
    Piecewise,
    Polynomial,
    Power,
    Warmup,
)
from dnnctl.text import format_count

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """The length of training, or of a schedule."""

    steps_per_epoch: int
    epochs: int

    @property
    def steps(self) -> int:
        """The total number of steps."""
        return self.steps_per_epoch * self.epochs


def learning_rates(schedule: Kind, base_rate: float, steps: NDArray[np.int64], span: Span) -> Floats:
    """The learning rate at each of the given steps, which count from 0 at the start of the schedule.

    For `performance` this is the rate that it starts with, η₀.
    """
    n_warmup = warmup_steps(schedule)
    own = _own_rates(schedule, base_rate, np.maximum(steps - n_warmup, 0), n_warmup, span)
    if not n_warmup:
        return own
    first = _own_rates(schedule, base_rate, np.zeros(1, np.int64), n_warmup, span)[0]
    return np.where(steps < n_warmup, first * (steps + 1) / (n_warmup + 1), own)


def momenta(schedule: OneCycle, steps: NDArray[np.int64], span: Span) -> Floats:
    """The momentum at each of the given steps, for a one_cycle schedule whose momentum cycles."""
    cycle = schedule.momentum
    assert isinstance(cycle, MomentumCycle)
    n_warmup = warmup_steps(schedule)
    t = np.maximum(steps - n_warmup, 0)
    half = _half(span.steps - n_warmup)
    return np.interp(t, [0, half, 2 * half], [cycle.high, cycle.low, cycle.high])


def warmup_steps(schedule: Kind) -> int:
    """The number of warmup steps; 0 without a warmup."""
    warmup = getattr(schedule, "warmup", "none")
    return warmup.steps if isinstance(warmup, Warmup) else 0


def check_warmups(phases: Sequence[PlannedPhase], steps_per_epoch: int) -> None:
    """Check that each warmup is shorter than its schedule.

    Raises:
        SpecError: a warmup takes every step.
    """
    for phase in phases:
        n_warmup, n_steps = warmup_steps(phase.schedule), steps_per_epoch * phase.span
        if n_warmup >= n_steps:
            rule = f"the warmup must be shorter than the schedule, which has {format_count(n_steps, 'step')}"
            path = dotted((*phase.schedule_path, "warmup", "steps"))
            raise SpecError([Fault(rule, path, received=str(n_warmup), hint="Reduce it.")])


def unreached_boundaries(phases: Sequence[PlannedPhase], steps_per_epoch: int) -> Iterator[str]:
    """A warning for each boundary of a piecewise schedule that no phase reaches."""
    longest = {phase.schedule_path: phase for phase in sorted(phases, key=lambda phase: phase.span)}
    for path, phase in longest.items():
        schedule = phase.schedule
        if not isinstance(schedule, Piecewise):
            continue
        n_steps = steps_per_epoch * phase.span - warmup_steps(schedule)
        n = -(-n_steps // steps_per_epoch) if schedule.per == "epoch" else n_steps
        for index, boundary in enumerate(schedule.boundaries):
            if boundary >= n:
                lasts = format_count(n, schedule.per)
                yield f"{dotted((*path, 'boundaries', index))}: {boundary} is never reached: the schedule lasts {lasts}"


def _own_rates(schedule: Kind, base_rate: float, t: NDArray[np.int64], n_warmup: int, span: Span) -> Floats:
    clock = t // span.steps_per_epoch if getattr(schedule, "per", "step") == "epoch" else t
    n = max(span.steps - n_warmup, 1)
    return np.asarray(SCHEDULES[type(schedule)](schedule, base_rate, clock.astype(np.float64), n), np.float64)


def _one_cycle(schedule: OneCycle, _base_rate: float, t: Floats, n: int) -> Floats:
    """Start → max over the first half, max → start over the second, start → last in the tail."""
    assert schedule.max_rate != "auto", "the range test runs before the first step"
    start = schedule.max_rate / 10 if schedule.start == "auto" else schedule.start
    last = start / 1000 if schedule.last == "auto" else schedule.last
    half = _half(n)
    rates = np.interp(t, [0, half, 2 * half, max(n, 2 * half + 1)], [start, schedule.max_rate, start, last])
    return np.where(t < n, rates, last)


def _half(n: int) -> int:
    """Tail = n // 10 + 1 steps; half = (n − tail) // 2; each has at least one step, even in a very short run."""
    return max((n - (n // 10 + 1)) // 2, 1)


def _cosine(schedule: Cosine, base_rate: float, t: Floats, n: int) -> Floats:
    """Final + (η₀ − final) · (1 + cos(π·t/s)) / 2."""
    progress = _progress(schedule, t, n)
    return schedule.final + (base_rate - schedule.final) * (1 + np.cos(np.pi * progress)) / 2


def _polynomial(schedule: Polynomial, base_rate: float, t: Floats, n: int) -> Floats:
    """Final + (η₀ − final) · (1 − t/s)^power."""
    progress = _progress(schedule, t, n)
    return schedule.final + (base_rate - schedule.final) * (1 - progress) ** schedule.power


def _progress(schedule: Cosine | Polynomial, t: Floats, n: int) -> Floats:
    """t/s; stays at 1 past the end."""
    steps = n if schedule.steps == "auto" else schedule.steps
    return np.minimum(t / steps, 1.0)


def _piecewise(schedule: Piecewise, _base_rate: float, t: Floats, _n: int) -> Floats:
    return np.asarray(schedule.values)[np.searchsorted(schedule.boundaries, t, side="right")]


SCHEDULES: dict[type[Kind], Callable[[Any, float, Floats, int], Floats]] = {
    Nothing: lambda _schedule, base_rate, t, _n: np.full(t.shape, base_rate),
    ConstantRate: lambda _schedule, base_rate, t, _n: np.full(t.shape, base_rate),
    Performance: lambda _schedule, base_rate, t, _n: np.full(t.shape, base_rate),
    Power: lambda schedule, base_rate, t, _n: base_rate / (1 + t / schedule.steps) ** schedule.power,
    Exponential: lambda schedule, base_rate, t, _n: base_rate * schedule.factor ** (t / schedule.steps),
    Piecewise: _piecewise,
    OneCycle: _one_cycle,
    Cosine: _cosine,
    Polynomial: _polynomial,
}
