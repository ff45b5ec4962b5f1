"""The learning-rate range test: the loss of each batch while the rate grows exponentially.

Source: Smith, Cyclical Learning LearningRates for Training Neural Networks (2017), section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan
from dnnctl.engine.variables import read_state, write_state
from dnnctl.errors import RunError
from dnnctl.runner.shuffle import epoch_order

Floats = NDArray[np.float64]
LOWEST, HIGHEST = 1e-5, 10.0
MIN_STEPS, MAX_STEPS = 100, 1000
EXPLODED = 2.0
"""The loss has exploded when it is so many times as high as in the beginning."""
SHARE_SMOOTHED = 0.04
"""The share of the curve that a smoothed point is the mean of."""
MAX_SHARE, START_SHARE = 0.5, 0.1
"""Of the turning point: the suggested largest rate of a cycle, and the suggested constant rate."""
FALLEN = 0.98
"""A loss that has not fallen to this part of the first one has not fallen."""


@dataclass(frozen=True)
class RateCurve:
    """The loss at each rate, as far as it stayed finite."""

    rates: Floats
    losses: Floats
    """Of each batch by itself."""
    exploded_at: float | None
    """The rate at which the loss exploded; none if it did not."""

    @property
    def smoothed(self) -> Floats:
        """The losses averaged over their neighbours, as many on either side."""
        reach = max(1, round(len(self.losses) * SHARE_SMOOTHED / 2))
        places = range(len(self.losses))
        near = [min(reach, place, len(self.losses) - 1 - place) for place in places]
        return np.array([self.losses[place - n : place + n + 1].mean() for place, n in zip(places, near, strict=True)])


@dataclass(frozen=True)
class Suggestion:
    """What the curve says."""

    turning_point: float
    """The rate with the lowest loss: beyond it the loss climbs."""
    max_rate: float
    """For the middle of a one_cycle: half of it."""
    learning_rate: float
    """For a rate that stays: a tenth of it."""
    exploded_at: float | None
    is_open: bool = False
    """Whether the loss still fell at the highest rate that was tried."""

    @property
    def reason(self) -> str:
        """Why these."""
        if self.is_open:
            return (
                f"the loss still falls at {self.turning_point:.3g}, the highest rate that was tried: half of it for "
                f"the middle of a cycle, a tenth for a rate that stays"
            )
        end = f", and explodes at {self.exploded_at:.3g}" if self.exploded_at is not None else ""
        return (
            f"the loss falls up to a rate of {self.turning_point:.3g} and climbs beyond{end}: half of it for the "
            f"middle of a cycle, a tenth for a rate that stays"
        )


def sweep(
    engine: Engine,
    *,
    seed: int,
    momentum: float | None = None,
    n_steps: int | None = None,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
) -> RateCurve:
    """Train some steps with a rate that grows exponentially; afterwards every variable is as it was.

    Args:
        momentum: of an optimizer whose momentum would otherwise cycle.
        n_steps: the steps from the lowest rate to the highest; by default an epoch's, but 100 to 1,000.
    """
    n_steps = n_steps or min(max(engine.n_steps, MIN_STEPS), MAX_STEPS)
    rates = np.geomspace(lowest, highest, n_steps)
    variables = engine.variables
    before = read_state(variables)
    try:
        losses = _losses(engine, seed, rates, momentum)
    finally:
        write_state(variables, before)
    exploded_at = float(rates[len(losses)]) if len(losses) < n_steps else None
    return RateCurve(rates[: len(losses)], np.array(losses), exploded_at)


def suggest(curve: RateCurve) -> Suggestion:
    """The rates that a curve suggests.

    Raises:
        RunError: the loss never falls.
    """
    smoothed = curve.smoothed
    lowest = int(np.median(np.flatnonzero(smoothed == smoothed.min()))) if len(smoothed) else 0
    if not len(smoothed) or smoothed[lowest] > FALLEN * smoothed[: max(1, len(smoothed) // 10)].mean():
        raise RunError(
            "No rate makes the loss fall. Try a lower --min, more --steps, or another initializer or activation."
        )
    turning_point = float(curve.rates[lowest])
    is_open = curve.exploded_at is None and lowest >= len(smoothed) - 1 - round(len(smoothed) * SHARE_SMOOTHED)
    return Suggestion(turning_point, MAX_SHARE * turning_point, START_SHARE * turning_point, curve.exploded_at, is_open)


def _losses(engine: Engine, seed: int, rates: Floats, momentum: float | None) -> list[float]:
    """The loss of each batch until it explodes."""
    losses: list[float] = []
    first = np.inf
    momenta = None if momentum is None else np.full(engine.n_steps, momentum, np.float32)
    for begin in range(0, len(rates), engine.n_steps):
        part = rates[begin : begin + engine.n_steps]
        padded = np.pad(part, (0, engine.n_steps - len(part)), mode="edge").astype(np.float32)
        order = epoch_order(seed, 1 + begin // engine.n_steps, engine.train.n)
        engine.start_epoch(EpochPlan(order, padded, momenta))
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
