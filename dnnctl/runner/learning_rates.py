"""The learning rate of every step: the schedule, and the factors of `performance` and of roll-backs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dnnctl.runner.checkpointing.progress import RatesState
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.schedule import Floats, Span, learning_rates, momenta
from dnnctl.specs.schedule import OneCycle, Performance
from dnnctl.store.facts import Row


class LearningRates:
    """The rates of each epoch. With `performance` they depend on the metrics of earlier epochs.

    Args:
        schedule: the schedule of the spec.
        base_rate: η₀, the optimizer's rate.
        span: the length of the schedule.
        epochs_before: epochs finished before the schedule's first step.
        momentum: the constant momentum, if the optimizer can change its momentum but the schedule does not.
    """

    def __init__(
        self, schedule: Any, base_rate: float, span: Span, *, epochs_before: int = 0, momentum: float | None = None
    ) -> None:
        self.schedule = schedule
        self.base_rate = base_rate
        self.span = span
        self.epochs_before = epochs_before
        self.momentum = momentum
        self.factor = 1.0
        """The factor by which `performance` has multiplied the rate so far."""
        self.rolled_back = 1.0
        """The factor by which roll-backs have multiplied every rate."""
        self.monitor: Monitor | None = None
        if isinstance(schedule, Performance):
            self.monitor = Monitor(schedule.monitor, schedule.min_delta)

    def of_epoch(self, epoch: int) -> Floats:
        """The rates of an epoch's steps; epochs count from 1."""
        rates = learning_rates(self.schedule, self.base_rate, self._steps(epoch), self.span) * self.factor
        if isinstance(self.schedule, Performance):
            floor = min(self.schedule.min_rate, self.base_rate)
            rates = np.where(rates < floor, np.minimum(rates / self.factor, floor), rates)
        return rates * self.rolled_back

    def momenta_of_epoch(self, epoch: int) -> Floats | None:
        """The momenta of an epoch's steps; None if the optimizer's momentum never changes."""
        if isinstance(self.schedule, OneCycle) and self.schedule.momentum != "none":
            return momenta(self.schedule, self._steps(epoch), self.span)
        return None if self.momentum is None else np.full(self.span.steps_per_epoch, self.momentum)

    def see(self, epoch: int, row: Row) -> None:
        """Process an epoch's metrics: lower the rate if the monitored one has not improved for `patience` epochs.

        Epochs in which it was not measured do not count.
        """
        if self.monitor is None or not isinstance(self.schedule, Performance) or self.monitor.metric not in row:
            return
        if not self.monitor.see(epoch, row[self.monitor.metric]) and self.monitor.n_waited >= self.schedule.patience:
            self.factor *= self.schedule.factor
            self.monitor.n_waited = 0

    def state(self) -> RatesState:
        """The state of the rates."""
        monitor = None if self.monitor is None else replace(self.monitor)
        return RatesState(self.epochs_before, self.factor, monitor, self.rolled_back)

    def restore(self, state: RatesState) -> None:
        """Continue from a state of the rates."""
        self.epochs_before, self.factor, self.rolled_back = state.epochs_before, state.factor, state.rolled_back
        if state.monitor is not None:
            self.monitor = replace(state.monitor)

    def _steps(self, epoch: int) -> np.ndarray:
        first = (epoch - self.epochs_before - 1) * self.span.steps_per_epoch
        return np.arange(first, first + self.span.steps_per_epoch)
