"""The learning-rate range test: the loss of each batch while the rate grows exponentially.

The suggested rates are computed from the smoothed loss. Let start be its mean over the first tenth of the curve, lowest
its minimum, and fall = start − lowest. Then

    low = the first rate at which the loss is at most start − 0.9 · fall
    high = the first rate after the minimum at which the loss is above lowest + 0.2 · fall, or at which it explodes
    max_rate = √(low · high)
    learning_rate = max_rate / 3

Both ends of the range vary less with the noise of single batches than the minimum between them. The constants lose
the least accuracy in `benchmarks/learning_rates.py`; see docs/learning_rates.md.

Source: Smith, Cyclical Learning Rates for Training Neural Networks, 2017, section 3.3, for the test. The rule for the
suggestions is dnnctl's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan
from dnnctl.engine.variables import read_state, write_state
from dnnctl.errors import RunError
from dnnctl.runner.shuffle import augment_seed, epoch_order

Floats = NDArray[np.float64]
LOWEST, HIGHEST = 1e-5, 10.0
MIN_STEPS, MAX_STEPS = 100, 1000
EXPLODED = 2.0
"""The loss has exploded if it exceeds this multiple of the largest of the first losses."""
SMOOTHED = 0.04
"""The fraction of the curve that each smoothed point averages."""
FALLEN, CLIMBED = 0.9, 0.2
"""The fractions of the fall that define the ends of the useful range."""
CONSTANT_DIVISOR = 3.0
"""max_rate / learning_rate."""
REDUCED = 0.98
"""The minimum must be below this fraction of the first losses, otherwise no rate reduces the loss."""


@dataclass(frozen=True)
class RateCurve:
    """The loss at each rate, up to the rate at which it explodes."""

    rates: Floats
    losses: Floats
    """The losses of single batches."""
    exploded_at: float | None
    """The rate at which the loss explodes; None if it does not."""

    @property
    def smoothed(self) -> Floats:
        """The losses averaged over their neighbours, the same number on either side."""
        reach = max(1, round(len(self.losses) * SMOOTHED / 2))
        places = range(len(self.losses))
        near = [min(reach, place, len(self.losses) - 1 - place) for place in places]
        return np.array([self.losses[place - n : place + n + 1].mean() for place, n in zip(places, near, strict=True)])


@dataclass(frozen=True)
class Suggestion:
    """The rates that a curve suggests."""

    low: float
    """The lower end of the useful range: the loss has completed 90 % of its fall."""
    turning_point: float
    """The rate with the lowest loss."""
    high: float
    """The upper end of the useful range: the loss has risen again by 20 % of its fall, or explodes."""
    max_rate: float
    """For the middle of one_cycle: √(low · high)."""
    learning_rate: float
    """For a constant rate: max_rate / 3."""
    exploded_at: float | None
    is_open: bool = False
    """Whether the loss has not risen again at the highest rate of the test."""

    @property
    def reason(self) -> str:
        """How the rates are computed from the curve."""
        fall = f"the loss has completed 90 % of its fall at {self.low:.3g}"
        if self.is_open:
            climb = f"has not risen again at {self.high:.3g}, the highest rate of the test"
        elif self.high == self.exploded_at:
            climb = f"explodes at {self.high:.3g}"
        else:
            climb = f"has risen again by 20 % of it at {self.high:.3g}"
        return f"{fall} and {climb}; max_rate is the geometric mean of both rates, learning_rate is a third of max_rate"


def count_steps(engine: Engine) -> int:
    """The default number of steps of a test: an epoch, at least 100 and at most 1,000."""
    return min(max(engine.n_steps, MIN_STEPS), MAX_STEPS)


def range_test(
    engine: Engine,
    *,
    seed: int,
    momentum: float | None = None,
    n_steps: int | None = None,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
) -> RateCurve:
    """Train with a rate that grows exponentially from step to step, then restore every variable.

    Args:
        momentum: the constant momentum of an optimizer whose momentum cycles in training.
        n_steps: the number of steps from the lowest rate to the highest; by default `count_steps`.
    """
    n_steps = n_steps or count_steps(engine)
    rates = np.geomspace(lowest, highest, n_steps)
    variables = engine.variables
    before = read_state(variables)
    try:
        losses = _losses(engine, seed, rates, momentum)
    finally:
        write_state(variables, before)
        engine.stop_reading()
    exploded_at = float(rates[len(losses)]) if len(losses) < n_steps else None
    return RateCurve(rates[: len(losses)], np.array(losses), exploded_at)


def suggest(curve: RateCurve) -> Suggestion:
    """The rates that a curve suggests.

    Raises:
        RunError: no rate reduces the loss.
    """
    smoothed = curve.smoothed
    turning = int(np.median(np.flatnonzero(smoothed == smoothed.min()))) if len(smoothed) else 0
    start = smoothed[: max(1, len(smoothed) // 10)].mean() if len(smoothed) else 0.0
    if not len(smoothed) or smoothed[turning] > REDUCED * start:
        raise RunError(
            "No rate reduces the loss. Try another initializer or activation, or a range test with more steps from a "
            "lower rate: dnnctl find-rate SPEC --min 1e-7 --steps 1000"
        )
    fall = start - smoothed[turning]
    low = float(curve.rates[np.argmax(smoothed <= start - FALLEN * fall)])
    climbed = turning + np.flatnonzero(smoothed[turning:] > smoothed[turning] + CLIMBED * fall)
    is_open = not len(climbed) and curve.exploded_at is None
    high = float(curve.rates[climbed[0]] if len(climbed) else curve.exploded_at or curve.rates[-1])
    max_rate = float(np.sqrt(low * high))
    return Suggestion(
        low, float(curve.rates[turning]), high, max_rate, max_rate / CONSTANT_DIVISOR, curve.exploded_at, is_open
    )


def _losses(engine: Engine, seed: int, rates: Floats, momentum: float | None) -> list[float]:
    """The loss of each batch until it explodes."""
    losses: list[float] = []
    first = np.inf
    momenta = None if momentum is None else np.full(engine.n_steps, momentum, np.float32)
    for begin in range(0, len(rates), engine.n_steps):
        part = rates[begin : begin + engine.n_steps]
        padded = np.pad(part, (0, engine.n_steps - len(part)), mode="edge").astype(np.float32)
        epoch = 1 + begin // engine.n_steps
        order = epoch_order(seed, epoch, engine.train.n)
        engine.start_epoch(EpochPlan(order, padded, momenta, augment_seed(seed, epoch)))
        for step in range(len(part)):
            engine.reset_metrics()
            bad = engine.run(step, step + 1)
            loss = engine.results()["loss"]
            if bad is not None or not np.isfinite(loss) or loss > EXPLODED * first:
                return losses
            losses.append(loss)
            if len(losses) == MIN_STEPS // 10:
                first = max(losses)
    return losses
