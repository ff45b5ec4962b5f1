"""The loop over epochs and steps. It yields what happens; it neither prints nor saves."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from dnnctl.engine.engine import Engine, EpochPlan, OnDevice
from dnnctl.errors import DivergedError
from dnnctl.events.event import StepsDone
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.shuffle import epoch_order

SECONDS_PER_CALL = 0.25
FIRST_CALL = 1
MAX_GROWTH = 16


@dataclass(frozen=True)
class EpochDone:
    """An epoch's end: its row of metrics, and whether it is the best so far."""

    row: dict[str, Any]
    is_best: bool
    is_last: bool
    """Whether the stage is over, by patience or by the number of epochs."""
    stopped_early: bool


@dataclass
class Pace:
    """How many steps one call of the engine takes, so that it lasts a fraction of a second."""

    n_steps: int = FIRST_CALL

    def learn(self, n_done: int, seconds: float) -> None:
        """Set the next call's length from the last call's, growing by a bounded factor."""
        wanted = int(n_done * SECONDS_PER_CALL / max(seconds, 1e-6))
        self.n_steps = max(1, min(wanted, self.n_steps * MAX_GROWTH))


@dataclass(frozen=True)
class Stage:
    """A stretch of training by one engine: one of the phases, or a part of the pretraining."""

    number: int
    """Among those of its sort, from 1."""
    n_epochs: int
    """That it lasts, if patience does not end it before."""
    optimizer: str
    """Its kind."""
    is_pretraining: bool = False
    marks: Mapping[str, Any] = field(default_factory=dict)
    """What each of its rows says besides."""
    patience: int | None = None
    """The epochs without an improvement that are waited for."""

    @property
    def key(self) -> dict[str, Any]:
        """What a checkpoint calls it."""
        return {"kind": "pretraining" if self.is_pretraining else "phase", "number": self.number}


@dataclass
class Loop:
    """Trains a stage from its first epoch to the last, or until patience is over."""

    stage: Stage
    seed: int
    engine: Engine
    rates: LearningRates
    validation: OnDevice | None
    best: Monitor
    patience: Monitor | None = None
    checkpoint_steps: int | None = None
    """After each multiple of so many steps a checkpoint is wanted."""
    begun: int = 0
    """Epochs finished before this stage."""
    epoch: int = 0
    """Finished epochs, those of phases before included."""
    step: int = 0
    """Finished steps of the epoch that is under way."""
    seconds: float = 0.0
    """That this epoch has taken so far."""
    last: EpochDone | None = None
    offset: int = 0
    """Steps of the pretraining, or that a fork's parent did more than this run would have done in as many epochs."""

    @property
    def global_step(self) -> int:
        """Finished steps since the run's beginning."""
        return self._steps_before(self.epoch + 1) + self.step

    @property
    def is_over(self) -> bool:
        """Whether the stage's last epoch is done."""
        return self.epoch >= self.begun + self.stage.n_epochs or (self.last is not None and self.last.is_last)

    def state(self) -> dict[str, Any]:
        """Where the loop stands and what it has learned, beside the variables; JSON can hold it."""
        return {
            "begun": self.begun,
            "epoch": self.epoch,
            "step": self.step,
            "seconds": self.seconds,
            "offset": self.offset,
            "best": asdict(self.best),
            "patience": None if self.patience is None else asdict(self.patience),
            "rates": self.rates.state(),
            "last": None if self.last is None else asdict(self.last),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where `state` was taken."""
        self.epoch, self.step, self.seconds = state["epoch"], state["step"], state["seconds"]
        self.begun, self.offset = state.get("begun", 0), state.get("offset", 0)
        self.best = Monitor(**state["best"])
        self.patience = None if state["patience"] is None else Monitor(**state["patience"])
        self.rates.restore(state["rates"])
        self.last = None if state["last"] is None else EpochDone(**state["last"])

    def branch_off(
        self, state: dict[str, Any], global_step: int, *, with_best: bool, with_rates: bool, with_end: bool
    ) -> None:
        """Stand where another run's `state` was taken; patience counts from here.

        Args:
            global_step: the steps that the other run had done.
            with_best: whether what was the best there is still the best here.
            with_rates: whether what performance has learned there holds here.
            with_end: whether a stage that patience has ended there is at its end here.
        """
        self.epoch, self.step, self.seconds = state["epoch"], state["step"], state["seconds"]
        self.offset = global_step - self.global_step
        if with_best:
            self.best = Monitor(**state["best"])
            if self.patience is not None:
                self.patience = replace(self.best, min_delta=self.patience.min_delta, n_waited=0)
        if with_rates:
            self.rates.restore(state["rates"])
        if with_end and state["last"] is not None:
            self.last = EpochDone(**state["last"])

    def run(self) -> Iterator[StepsDone | EpochDone]:
        """Each call's progress, and each epoch's row, from where the loop stands.

        Raises:
            DivergedError: the loss is no longer a finite number.
        """
        pace = Pace()
        while not self.is_over:
            epoch = self.epoch + 1
            started = time.perf_counter() - self.seconds
            rates = self._start_epoch(epoch)
            for steps_done in self._steps(epoch, pace):
                self.seconds = time.perf_counter() - started
                yield steps_done
            row = self._row(epoch, float(rates[-1]))
            row["seconds"] = round(time.perf_counter() - started, 4)
            self.rates.see(epoch, row)
            self.last = self._judge(epoch, row)
            self.epoch, self.step, self.seconds = epoch, 0, 0.0
            yield self.last

    def _start_epoch(self, epoch: int) -> Any:
        rates = self.rates.of_epoch(epoch).astype(np.float32)
        momenta = self.rates.momenta_of_epoch(epoch)
        purpose = "pretraining" if self.stage.is_pretraining else "order"
        order = epoch_order(self.seed, epoch, self.engine.train.n, purpose=purpose)
        self.engine.start_epoch(EpochPlan(order, rates, None if momenta is None else momenta.astype(np.float32)))
        if self.step == 0:
            self.engine.reset_metrics()
        return rates

    def _steps(self, epoch: int, pace: Pace) -> Iterator[StepsDone]:
        while self.step < self.engine.n_steps:
            done = self.step
            stop = min(done + pace.n_steps, self.engine.n_steps, self._next_checkpoint())
            called = time.perf_counter()
            bad = self.engine.run(done, stop)
            if bad is not None:
                raise DivergedError(self._divergence(epoch, bad))
            pace.learn(stop - done, time.perf_counter() - called)
            self.step = stop
            yield StepsDone(self.stage.key["kind"], epoch, stop, self.global_step, self.engine.results())

    def _next_checkpoint(self) -> int:
        """The step of this epoch after which the spec wants a checkpoint next."""
        every = self.checkpoint_steps
        if every is None:
            return self.engine.n_steps
        return (self.global_step // every + 1) * every - self._steps_before(self.epoch + 1)

    def _steps_before(self, epoch: int) -> int:
        """Steps since the run's beginning, before an epoch."""
        return self.offset + (epoch - 1) * self.engine.n_steps

    def _divergence(self, epoch: int, step: int) -> str:
        first = self._steps_before(epoch)
        return (
            f"The loss became infinite or not a number at step {step + 1} of epoch {epoch} "
            f"(step {first + step + 1} of the run)."
        )

    def _row(self, epoch: int, learning_rate: float) -> dict[str, Any]:
        row: dict[str, Any] = {"epoch": epoch, "step": self._steps_before(epoch + 1), "seconds": 0.0}
        row |= self.stage.marks
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
        if self.patience is not None and self.stage.patience is not None:
            self.patience.see(epoch, row[self.patience.metric])
            out_of_patience = self.patience.n_waited >= self.stage.patience
        is_end = epoch == self.begun + self.stage.n_epochs
        return EpochDone(row, is_best, is_end or out_of_patience, out_of_patience and not is_end)
