"""The loop over epochs and steps. It yields what happens; it neither prints nor saves."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dnnctl.errors import DivergedError
from dnnctl.spec.experiment import Spec
from dnnctl.training.engine.engine import Engine, EpochPlan, OnDevice
from dnnctl.training.facts import StepsDone
from dnnctl.training.monitor import Monitor
from dnnctl.training.order import epoch_order
from dnnctl.training.rates import Rates

SECONDS_PER_CALL = 0.25
FIRST_CALL = 1
MAX_GROWTH = 16


@dataclass(frozen=True)
class EpochDone:
    """An epoch's end: its row of metrics, and whether it is the best so far."""

    row: dict[str, Any]
    is_best: bool
    is_last: bool
    """Whether training is over, by patience or by the number of epochs."""
    stopped_early: bool


@dataclass
class Pace:
    """How many steps one call of the engine takes, so that it lasts a fraction of a second."""

    n_steps: int = FIRST_CALL

    def learn(self, n_done: int, seconds: float) -> None:
        """Set the next call's length from the last call's, growing by a bounded factor."""
        wanted = int(n_done * SECONDS_PER_CALL / max(seconds, 1e-6))
        self.n_steps = max(1, min(wanted, self.n_steps * MAX_GROWTH))


@dataclass
class Loop:
    """Trains from the first epoch to the last, or until patience is over."""

    spec: Spec
    engine: Engine
    rates: Rates
    validation: OnDevice | None
    best: Monitor
    patience: Monitor | None

    def run(self) -> Iterator[StepsDone | EpochDone]:
        """Each call's progress, and each epoch's row.

        Raises:
            DivergedError: the loss is no longer a finite number.
        """
        pace = Pace()
        for epoch in range(1, self.spec.training.epochs + 1):
            started = time.perf_counter()
            rates = self._start_epoch(epoch)
            yield from self._steps(epoch, pace)
            row = self._row(epoch, float(rates[-1]))
            row["seconds"] = round(time.perf_counter() - started, 4)
            self.rates.see(epoch, row)
            done = self._judge(epoch, row)
            yield done
            if done.is_last:
                return

    def _start_epoch(self, epoch: int) -> Any:
        rates = self.rates.of_epoch(epoch).astype(np.float32)
        momenta = self.rates.momenta_of_epoch(epoch)
        order = epoch_order(self.spec.seed, epoch, self.engine.train.n)
        self.engine.start_epoch(EpochPlan(order, rates, None if momenta is None else momenta.astype(np.float32)))
        self.engine.reset_metrics()
        return rates

    def _steps(self, epoch: int, pace: Pace) -> Iterator[StepsDone]:
        done = 0
        while done < self.engine.n_steps:
            stop = min(done + pace.n_steps, self.engine.n_steps)
            called = time.perf_counter()
            bad = self.engine.run(done, stop)
            if bad is not None:
                raise DivergedError(self._divergence(epoch, bad))
            pace.learn(stop - done, time.perf_counter() - called)
            done = stop
            yield StepsDone(epoch, done, self.engine.results())

    def _divergence(self, epoch: int, step: int) -> str:
        first = (epoch - 1) * self.engine.n_steps
        return (
            f"The loss became infinite or not a number at step {step + 1} of epoch {epoch} "
            f"(step {first + step + 1} of the run)."
        )

    def _row(self, epoch: int, learning_rate: float) -> dict[str, Any]:
        row: dict[str, Any] = {"epoch": epoch, "step": epoch * self.engine.n_steps, "seconds": 0.0}
        row["learning_rate"] = learning_rate
        row |= self.engine.results()
        if self.validation is not None:
            row |= {f"val_{name}": value for name, value in self.engine.evaluate(self.validation).items()}
            if not math.isfinite(row["val_loss"]):
                raise DivergedError(f"The validation loss became infinite or not a number in epoch {epoch}.")
        return row

    def _judge(self, epoch: int, row: dict[str, Any]) -> EpochDone:
        is_best = self.best.see(epoch, row[self.best.metric])
        out_of_patience = False
        stopping = self.spec.training.early_stopping
        if self.patience is not None and stopping != "none":
            self.patience.see(epoch, row[self.patience.metric])
            out_of_patience = self.patience.n_waited >= stopping.patience
        is_end = epoch == self.spec.training.epochs
        return EpochDone(row, is_best, is_end or out_of_patience, out_of_patience and not is_end)
