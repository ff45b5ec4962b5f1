"""The learning rate of every step: the schedule, and what performance has made of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from dnnctl.build.schedule import Floats, Span, learning_rates, momenta
from dnnctl.spec.experiment import Spec
from dnnctl.spec.schedule import OneCycle, Performance
from dnnctl.training.monitor import Monitor


class Rates:
    """Gives each epoch its rates; with `performance` it learns from the epochs' metrics."""

    def __init__(self, spec: Spec, span: Span) -> None:
        self.schedule = spec.schedule
        self.base_rate = spec.optimizer.learning_rate
        self.span = span
        self.factor = 1.0
        """What performance has multiplied the rate by so far."""
        self.monitor: Monitor | None = None
        if isinstance(self.schedule, Performance):
            self.monitor = Monitor(self.schedule.monitor, self.schedule.min_delta)

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
        return None

    def see(self, epoch: int, row: dict[str, float]) -> None:
        """Learn how an epoch went: the rate falls when the metric has not improved for `patience` epochs."""
        if self.monitor is None or not isinstance(self.schedule, Performance):
            return
        if not self.monitor.see(epoch, row[self.monitor.metric]) and self.monitor.n_waited >= self.schedule.patience:
            self.factor *= self.schedule.factor
            self.monitor.n_waited = 0

    def state(self) -> dict[str, Any]:
        """What it has learned."""
        return {"factor": self.factor, "monitor": None if self.monitor is None else asdict(self.monitor)}

    def restore(self, state: dict[str, Any]) -> None:
        """Know again what it had learned."""
        self.factor = state["factor"]
        if state["monitor"] is not None:
            self.monitor = Monitor(**state["monitor"])

    def _steps(self, epoch: int) -> np.ndarray:
        first = (epoch - 1) * self.span.steps_per_epoch
        return np.arange(first, first + self.span.steps_per_epoch)
