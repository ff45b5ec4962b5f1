"""The loop over the epochs and steps of one stage. It yields what happens; it does not print or save anything."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dnnctl.engine.engine import TrainingEngine
from dnnctl.engine.step_loop import EpochPlan
from dnnctl.errors import DivergedError
from dnnctl.events.event import StepsDone
from dnnctl.runner.checkpointing.progress import EpochDone, LoopState
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.peers import ALONE, Peers
from dnnctl.runner.shuffle import augment_seed, epoch_order
from dnnctl.runner.stage import Stage
from dnnctl.store.facts import Row

SECONDS_PER_CALL = 0.25
FIRST_CALL = 1
MAX_GROWTH = 16

Halt = Callable[[Row], bool]
"""Called with the row of each epoch; whether training ends with this epoch."""


@dataclass
class Pace:
    """The number of steps of one engine call, chosen so that a call takes a fraction of a second."""

    n_steps: int = FIRST_CALL

    def learn(self, n_done: int, seconds: float) -> None:
        """Set the length of the next call from the duration of the last one; it grows by a bounded factor."""
        wanted = int(n_done * SECONDS_PER_CALL / max(seconds, 1e-6))
        self.n_steps = max(1, min(wanted, self.n_steps * MAX_GROWTH))


@dataclass
class Loop:
    """Trains a stage from its first epoch to the last one, or until patience runs out."""

    stage: Stage
    seed: int
    engine: TrainingEngine
    rates: LearningRates
    validate: Callable[[], dict[str, float]] | None
    """Measures the model on the validation examples; None if there are none."""
    best: Monitor
    validate_every: int = 1
    """The number of epochs between two validations. The last epoch of the stage is always validated."""
    patience: Monitor | None = None
    halt: Halt | None = None
    """What may end training from outside, such as a sweep that has better trials."""
    peers: Peers = ALONE
    """The processes that train the same model."""
    checkpoint_steps: int | None = None
    """A checkpoint is due after each multiple of this number of steps."""
    pause_at: int | None = None
    """Progress is also yielded after this step, counted from the start of the run."""
    find_schedule: Callable[[], Any] | None = None
    """Finds what the spec leaves open in the schedule, with the current weights."""
    epochs_before: int = 0
    """Epochs that were finished before this stage."""
    epoch: int = 0
    """Finished epochs, including those of earlier phases."""
    step: int = 0
    """Finished steps of the epoch in progress."""
    seconds: float = 0.0
    """Seconds that the epoch in progress has taken so far."""
    last: EpochDone | None = None
    offset: int = 0
    """Steps that `epoch` and `step` do not account for: those of the pretraining, and in a fork the difference between
    the parent's steps and the steps that the same epochs would take in this run."""

    @property
    def global_step(self) -> int:
        """Finished steps since the start of the run."""
        return self._steps_before(self.epoch + 1) + self.step

    @property
    def is_over(self) -> bool:
        """Whether the stage has finished its last epoch."""
        return self.epoch >= self.epochs_before + self.stage.n_epochs or (self.last is not None and self.last.is_last)

    def state(self) -> LoopState:
        """Where the loop is, and its state except the variables."""
        return LoopState(
            epochs_before=self.epochs_before,
            epoch=self.epoch,
            step=self.step,
            seconds=self.seconds,
            offset=self.offset,
            best=replace(self.best),
            patience=None if self.patience is None else replace(self.patience),
            rates=self.rates.state(),
            last=self.last,
        )

    def restore(self, state: LoopState) -> None:
        """Continue from `state`."""
        self.epoch, self.step, self.seconds = state.epoch, state.step, state.seconds
        self.epochs_before, self.offset = state.epochs_before, state.offset
        self.best = replace(state.best)
        self.patience = None if state.patience is None else replace(state.patience)
        self.rates.restore(state.rates)
        self.last = state.last

    def branch_off(
        self, state: LoopState, global_step: int, *, with_best: bool, with_rates: bool, with_end: bool
    ) -> None:
        """Continue from the `state` of another run; patience starts counting again.

        Args:
            global_step: the number of steps that the other run had done.
            with_best: whether the best epoch of the other run still counts.
            with_rates: whether the state of `performance` in the other run still applies.
            with_end: whether a stage that patience ended in the other run is over in this run, too.
        """
        self.epoch, self.step, self.seconds = state.epoch, state.step, state.seconds
        self.offset = global_step - self.global_step
        if with_best:
            self.best = replace(state.best)
            if self.patience is not None:
                self.patience = replace(self.best, min_delta=self.patience.min_delta, n_waited=0)
        if with_rates:
            self.rates.restore(state.rates)
        if with_end:
            self.last = state.last

    def settle_schedule(self) -> None:
        """Find what the spec leaves open in the schedule. Call it after the state is restored."""
        if self.find_schedule is not None:
            self.rates.schedule = self.find_schedule()
            self.find_schedule = None

    def run(self) -> Generator[StepsDone | EpochDone, None, None]:
        """Yield the progress of each engine call and the end of each epoch, starting from the current position.

        Raises:
            DivergedError: the loss became infinite or NaN.
        """
        pace = Pace()
        try:
            while not self.is_over:
                yield from self._run_epoch(self.epoch + 1, pace)
        finally:  # also if a signal stops the caller
            self.engine.stop_reading()

    def _run_epoch(self, epoch: int, pace: Pace) -> Iterator[StepsDone | EpochDone]:
        started = time.perf_counter() - self.seconds
        rates = self.start_epoch(epoch)
        for steps_done in self._steps(epoch, pace):
            self.seconds = time.perf_counter() - started
            yield steps_done
        row = self._row(epoch, float(rates[-1]))
        self.last = self._judge(epoch, row)
        self.rates.see(epoch, row)
        row["seconds"] = round(time.perf_counter() - started, 4)
        self.epoch, self.step, self.seconds = epoch, 0, 0.0
        yield self.last

    def start_epoch(self, epoch: int) -> Any:
        """Hand an epoch's order and rates to the engine; return the rates of its steps, (S,)."""
        rates = self.rates.of_epoch(epoch).astype(np.float32)
        momenta = self.rates.momenta_of_epoch(epoch)
        order = epoch_order(self.seed, epoch, self.engine.train.n, purpose=self.stage.kind.order_purpose)
        float_momenta = None if momenta is None else momenta.astype(np.float32)
        self.engine.start_epoch(EpochPlan(order, rates, float_momenta, augment_seed(self.seed, epoch)))
        if self.step == 0:
            self.engine.reset_metrics()
        return rates

    def _steps(self, epoch: int, pace: Pace) -> Iterator[StepsDone]:
        while self.step < self.engine.n_steps:
            done = self.step
            stop = min(done + self.peers.pace(pace.n_steps), self.engine.n_steps, self._next_stop())
            called = time.perf_counter()
            bad = self.engine.run(done, stop)
            if bad is not None:
                raise DivergedError(self._divergence(epoch, bad))
            pace.learn(stop - done, time.perf_counter() - called)
            self.step = stop
            yield StepsDone(self.stage.kind.name, epoch, stop, self.global_step, self.engine.results())

    def _next_stop(self) -> int:
        """The step of this epoch after which the next checkpoint is due, or after which the caller wants to stop."""
        every, first = self.checkpoint_steps, self._steps_before(self.epoch + 1)
        due = self.engine.n_steps if every is None else (self.global_step // every + 1) * every - first
        return due if self.pause_at is None or self.pause_at <= self.global_step else min(due, self.pause_at - first)

    def _steps_before(self, epoch: int) -> int:
        """Steps from the start of the run to the start of an epoch."""
        return self.offset + (epoch - 1) * self.engine.n_steps

    def _divergence(self, epoch: int, step: int) -> str:
        first = self._steps_before(epoch)
        return (
            f"The loss became infinite or NaN at step {step + 1} of epoch {epoch} (step {first + step + 1} of the run)."
        )

    def _row(self, epoch: int, learning_rate: float) -> Row:
        row: Row = {"epoch": epoch, "step": self._steps_before(epoch + 1), "seconds": 0.0}
        row |= self.stage.marks
        row["learning_rate"] = learning_rate
        row |= self.engine.results()
        return row

    def _judge(self, epoch: int, row: Row) -> EpochDone:
        """Validate if it is due; find out whether the epoch is the best, and whether it is the last of the stage."""
        n_done = epoch - self.epochs_before
        is_end = n_done == self.stage.n_epochs
        if is_end or n_done % self.validate_every == 0:
            self._validate(epoch, row)
        is_out = self._is_out_of_patience(epoch, row)
        if is_out and not is_end and n_done % self.validate_every:
            self._validate(epoch, row)
        if not is_end and not is_out and self.halt is not None:
            is_out = self.halt(row)
        is_best = self.best.metric in row and self.best.see(epoch, row[self.best.metric])
        return EpochDone(row, is_best, is_end or is_out, is_out and not is_end)

    def _validate(self, epoch: int, row: Row) -> None:
        """Add the validation metrics to the row of an epoch."""
        if self.validate is None:
            return
        row |= {f"val_{name}": value for name, value in self.validate().items()}
        if not math.isfinite(row["val_loss"]):
            raise DivergedError(f"The validation loss became infinite or NaN in epoch {epoch}.")

    def _is_out_of_patience(self, epoch: int, row: Row) -> bool:
        """Whether the stage ends because the monitored metric has not improved. Epochs without it do not count."""
        if self.patience is None or self.stage.patience is None or self.patience.metric not in row:
            return False
        self.patience.see(epoch, row[self.patience.metric])
        return self.patience.n_waited >= self.stage.patience
