"""Schedules: the learning rate as a function of the step (or epoch) t, counted from 0.

η₀ is `optimizer.learning_rate`. After its end, a schedule keeps its last value. No rate is negative.
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
    """A linear warmup: in the first `steps` steps, the rate is (t + 1) / (steps + 1) times the first rate of the
    schedule. The t of the schedule counts from the end of the warmup.
    """

    steps: Count
    """The number of steps."""


class ScheduleKind(Kind):
    """The keys of every schedule."""

    warmup: Annotated[Annotated[Warmup, MAPPING] | OrNone, BY_FORM] = "none"
    """A linear warmup before the schedule."""


class ConstantRate(ScheduleKind):
    """η₀, after the warmup if there is one."""

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
    """The factor per s steps."""
    per: Clock = "step"
    """Whether t and s count steps or epochs."""


class Piecewise(ScheduleKind):
    """values[i], where i is the number of boundaries that t has reached."""

    kind: Literal["piecewise"]
    boundaries: Annotated[list[Count], Field(min_length=1)]
    """The steps (or epochs, see `per`) at which the next value takes effect, in ascending order."""
    values: Annotated[list[NonNegative], Field(min_length=2)]
    """The rates, one more than boundaries."""
    per: Clock = "epoch"
    """Whether t and the boundaries count steps or epochs."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.values) != len(self.boundaries) + 1:
            n_values, n_boundaries = len(self.values), len(self.boundaries)
            raise ValueError(
                f"`values` must have one more entry than `boundaries`, but has {n_values} for {n_boundaries} boundaries"
            )
        if any(left >= right for left, right in pairwise(self.boundaries)):
            raise ValueError("`boundaries` must be in ascending order, without duplicates")
        return self


class Performance(ScheduleKind):
    """Multiplies the rate by `factor` when `monitor` has not improved for `patience` epochs.

    This is Keras's ReduceLROnPlateau.
    """

    kind: Literal["performance"]
    monitor: str = "val_loss"
    """The metric to monitor: `loss`, the name of a metric, or one of them with the prefix `val_`."""
    factor: OpenFraction = 0.5
    """The factor that the rate is multiplied by."""
    patience: Count = 5
    """The number of epochs without improvement before the rate is lowered."""
    min_delta: NonNegative = 0.0
    """The smallest change that counts as an improvement. The default of Keras's ReduceLROnPlateau is 1e-4."""
    min_rate: NonNegative = 0.0
    """The lower bound of the rate."""


class MomentumCycle(Section):
    """Momentum that falls from `high` to `low` while the rate rises, and rises while the rate falls."""

    high: OpenFraction = 0.95
    """The momentum at the start, at the end of the second half, and in the tail."""
    low: OpenFraction = 0.85
    """The momentum at the maximum rate."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"`low` ({self.low:g}) must not be above `high` ({self.high:g})")
        return self


class OneCycle(ScheduleKind):
    """Linear from `start` to `max_rate` in the first half, back in the second half, and down to `last` in the tail.

    With n steps in total: tail = n // 10 + 1, half = (n − tail) // 2.

    Source: Smith, 2018.
    """

    kind: Literal["one_cycle"]
    max_rate: Annotated[Annotated[Positive, NUMBER] | OrAuto, BY_FORM]
    """η₁: the maximum rate. `auto`: a learning-rate range test (see `dnnctl find-rate`) finds it before training."""
    start: Annotated[Annotated[Positive, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The first rate. `auto`: max_rate / 10."""
    last: Annotated[Annotated[NonNegative, NUMBER] | OrAuto, BY_FORM] = "auto"
    """The rate at the end of the tail. `auto`: start / 1000."""
    momentum: Annotated[Annotated[MomentumCycle, MAPPING] | OrNone, BY_FORM] = "none"
    """The momentum cycle, inverse to that of the rate; only for `sgd`."""


class Cosine(ScheduleKind):
    """final + (η₀ − final) · (1 + cos(π·t/s)) / 2.

    Source: Loshchilov and Hutter, 2016.
    """

    kind: Literal["cosine"]
    final: NonNegative = 0.0
    """The rate at the end."""
    steps: CountOrAuto = "auto"
    """s: the number of steps. `auto`: all steps of training after the warmup."""


class Polynomial(ScheduleKind):
    """final + (η₀ − final) · (1 − t/s)^power; linear if `power` is 1."""

    kind: Literal["polynomial"]
    final: NonNegative = 0.0
    """The rate at the end."""
    steps: CountOrAuto = "auto"
    """s: the number of steps. `auto`: all steps of training after the warmup."""
    power: Positive = 1.0
    """The exponent."""


AnySchedule: TypeAlias = (
    ConstantRate | Power | Exponential | Piecewise | Performance | OneCycle | Cosine | Polynomial | Nothing
)
Schedule: TypeAlias = Annotated[AnySchedule, *CHOICE]
