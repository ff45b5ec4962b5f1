"""The learning rate of every step: the schedule, and what performance has made of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from dnnctl.runner.monitor import Monitor
from dnnctl.runner.schedule import Floats, Span, learning_rates, momenta
from dnnctl.specs.schedule import OneCycle, Performance


class LearningRates:
    """Gives each epoch its rates; with `performance` it learns from the epochs' metrics."""

    def __init__(
        self, schedule: Any, base_rate: float, span: Span, *, begun: int = 0, momentum: float | None = None
    ) -> None:
        self.schedule = schedule
        self.base_rate = base_rate
        self.span = span
        self.begun = begun
        """Epochs finished before the schedule's first step."""
        self.momentum = momentum
        """What an optimizer whose momentum can change has where the schedule does not change it."""
        self.factor = 1.0
        """What performance has multiplied the rate by so far."""
        self.monitor: Monitor | None = None
        if isinstance(schedule, Performance):
            self.monitor = Monitor(schedule.monitor, schedule.min_delta)

    def of_epoch(self, epoch: int) -> Floats:
        """The rates of an epoch's steps; epochs count from 1."""
        rates = learning_rates(self.schedule, self.base_rate, self._steps(epoch), self.span) * self.factor
        if isinstance(self.schedule, Performance):
            floor = min(self.schedule.min_rate, self.base_rate)
            rates = np.where(rates < floor, np.minimum(rates / self.factor, floor), rates)
        return rates

    def momenta_of_epoch(self, epoch: int) -> Floats | None:
        """The momenta of an epoch's steps, where they change."""
        if isinstance(self.schedule, OneCycle) and self.schedule.momentum != "none":
            return momenta(self.schedule, self._steps(epoch), self.span)
        return None if self.momentum is None else np.full(self.span.steps_per_epoch, self.momentum)

    def see(self, epoch: int, row: dict[str, float]) -> None:
        """Learn how an epoch went: the rate falls when the metric has not improved for `patience` epochs."""
        if self.monitor is None or not isinstance(self.schedule, Performance):
            return
        if not self.monitor.see(epoch, row[self.monitor.metric]) and self.monitor.n_waited >= self.schedule.patience:
            self.factor *= self.schedule.factor
            self.monitor.n_waited = 0

    def state(self) -> dict[str, Any]:
        """What it has learned."""
        monitor = None if self.monitor is None else asdict(self.monitor)
        return {"begun": self.begun, "factor": self.factor, "monitor": monitor}

    def restore(self, state: dict[str, Any]) -> None:
        """Know again what it had learned."""
        self.begun, self.factor = state.get("begun", 0), state["factor"]
        if state["monitor"] is not None:
            self.monitor = Monitor(**state["monitor"])

    def _steps(self, epoch: int) -> np.ndarray:
        first = (epoch - self.begun - 1) * self.span.steps_per_epoch
        return np.arange(first, first + self.span.steps_per_epoch)
