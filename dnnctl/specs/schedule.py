"""Schedules: the learning rate as a function of the step (or epoch) t, counted from 0.

η₀ is `optimizer.learning_rate`. Past its end a schedule stays at its last value; no rate is ever below zero.
"""

from itertools import pairwise
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.field import (
    BY_FORM,
    CHOICE,
    MAPPING,
    NUMBER,
    Count,
    CountOrAuto,
    Kind,
    NonNegative,
    OpenFraction,
    OrAuto,
    OrNone,
    Positive,
    Section,
)

Clock: TypeAlias = Literal["step", "epoch"]


class Warmup(Section):
    """The first `steps` steps: the rate grows in equal parts, (t + 1) / (steps + 1) of what the schedule starts
    with; the schedule's own t then counts from the end of the warm-up.
    """

    steps: Count
    """How many steps the rate grows for."""


class ScheduleKind(Kind):
    """What every schedule has."""

    warmup: Annotated[Annotated[Warmup, MAPPING] | OrNone, BY_FORM] = "none"
    """A growing rate before the schedule starts."""


class ConstantRate(ScheduleKind):
    """η₀, after the warm-up if there is one."""

    kind: Literal["constant"]


class Power(ScheduleKind):
    """η₀ / (1 + t/s)^c."""

    kind: Literal["power"]
    steps: Positive
    """s: the steps (or epochs, see `per`) after which the rate is η₀ / 2^c."""
    power: Positive = 1.0
    """c: the exponent."""
    per: Clock = "step"
    """Whether t and s count steps or epochs."""


class Exponential(ScheduleKind):
    """η₀ · factor^(t/s)."""

    kind: Literal["exponential"]
    steps: Positive
    """s: the steps (or epochs, see `per`) after which the rate has been multiplied by `factor`."""
    factor: OpenFraction = 0.1
    """What each s steps multiply the rate by."""
    per: Clock = "step"
    """Whether t and s count steps or epochs."""


class Piecewise(ScheduleKind):
    """values[i], i being the number of boundaries that t has reached."""

    kind: Literal["piecewise"]
    boundaries: Annotated[list[Count], Field(min_length=1)]
    """The steps (or epochs, see `per`) at which the next value begins, in growing order."""
    values: Annotated[list[NonNegative], Field(min_length=2)]
    """The rates; one more than there are boundaries."""
    per: Clock = "epoch"
    """Whether t and the boundaries count steps or epochs."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.values) != len(self.boundaries) + 1:
            n_values, n_boundaries = len(self.values), len(self.boundaries)
            raise ValueError(
                f"`values` must have one more entry than `boundaries`, it has {n_values} for {n_boundaries}"
            )
        if any(left >= right for left, right in pairwise(self.boundaries)):
            raise ValueError("`boundaries` must grow from entry to entry")
        return self


class Performance(ScheduleKind):
    """The rate is multiplied by `factor` whenever `monitor` has not improved for `patience` epochs."""

    kind: Literal["performance"]
    monitor: str = "val_loss"
    """The metric that is watched."""
    factor: OpenFraction = 0.5
    """What the rate is multiplied by."""
    patience: Count = 5
    """The epochs without an improvement that are waited for."""
    min_delta: NonNegative = 0.0
    """The smallest change that counts as an improvement."""
    min_rate: NonNegative = 0.0
    """The rate below which it does not fall."""


class MomentumCycle(Section):
    """Momentum that falls from `high` to `low` while the rate climbs, and returns with it."""

    high: OpenFraction = 0.95
    """The momentum at the smallest rates and in the tail."""
    low: OpenFraction = 0.85
    """The momentum at the largest rate."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"`low` ({self.low:g}) must not be above `high` ({self.high:g})")
        return self


class OneCycle(ScheduleKind):
    """Linear from start to max over the first half, back over the second, then down to last in the tail.

    With n steps in all: tail = n // 10 + 1, half = (n − tail) // 2.

    Source: Smith, 2018.
    """

    kind: Literal["one_cycle"]
    max_rate: Annotated[Annotated[Positive, NUMBER] | OrAuto, BY_FORM]
    """η₁: the rate in the middle; with `auto` a range test comes first, as `dnnctl find-rate` does it."""
    start: Annotated[Annotated[Positive, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The first rate; `auto` is max_rate / 10."""
    last: Annotated[Annotated[NonNegative, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The last rate; `auto` is start / 1000."""
    momentum: Annotated[Annotated[MomentumCycle, MAPPING] | OrNone, BY_FORM] = "none"
    """Whether momentum cycles inversely."""


class Cosine(ScheduleKind):
    """final + (η₀ − final) · (1 + cos(π·t/s)) / 2.

    Source: Loshchilov and Hutter, 2016.
    """

    kind: Literal["cosine"]
    final: NonNegative = 0.0
    """The rate at the end."""
    steps: CountOrAuto = "auto"
    """s: the steps it takes; `auto` is all steps of the run (after the warm-up)."""


class Polynomial(ScheduleKind):
    """final + (η₀ − final) · (1 − t/s)^power; a straight line where power is 1."""

    kind: Literal["polynomial"]
    final: NonNegative = 0.0
    """The rate at the end."""
    steps: CountOrAuto = "auto"
    """s: the steps it takes; `auto` is all steps of the run (after the warm-up)."""
    power: Positive = 1.0
    """The exponent."""


AnySchedule: TypeAlias = (
    ConstantRate | Power | Exponential | Piecewise | Performance | OneCycle | Cosine | Polynomial | Nothing
)
Schedule: TypeAlias = Annotated[AnySchedule, *CHOICE]
