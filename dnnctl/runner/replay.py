"""Training a run again up to a step, without writing: the state before and after the step, and what it did.

A replay is the loop that trained the run, from a checkpoint that the run has kept, or else from its start. It therefore
comes to the same bits as the run.

Shapes: B is the batch size, S the number of steps of an epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Rows
from dnnctl.engine.engine import Engine
from dnnctl.engine.examination import Examination, Examiner
from dnnctl.engine.variables import Arrays, read_state, write_state
from dnnctl.errors import RunError
from dnnctl.events.event import Report, StepsDone, ignore
from dnnctl.runner.checkpointing.branch import branch_off
from dnnctl.runner.checkpointing.checkpointer import restore_loop
from dnnctl.runner.checkpointing.progress import LoopState, StageKey, read_progress
from dnnctl.runner.examples import Examples
from dnnctl.runner.facts_keeper import FactsInMemory
from dnnctl.runner.loop import Loop
from dnnctl.runner.setup import Setup
from dnnctl.runner.shuffle import epoch_order
from dnnctl.runner.stages import Stages
from dnnctl.store.checkpoint import Checkpoint, nearest_checkpoint
from dnnctl.store.record import RunRecord


@dataclass(frozen=True)
class Start:
    """Where a replay starts."""

    checkpoint: str | None
    """Its name; None at the start of the run."""
    step: int
    """The steps that were finished there."""


@dataclass(frozen=True)
class Mark:
    """A state to return to, in the same stage."""

    loop: LoopState
    variables: Arrays


@dataclass(frozen=True)
class ReplayedStep:
    """A step of a run, with the state before and after it."""

    step: int
    """Counted from 1, from the start of the run."""
    stage: StageKey
    epoch: int
    step_of_epoch: int
    """From 1."""
    steps_per_epoch: int
    rows: Rows
    """(B,) the examples: their numbers in the training split, or in pretraining in all its examples."""
    learning_rate: float
    metrics: dict[str, float]
    """The loss of the batch, as training computes it, and its metrics."""
    before: Arrays
    """Every variable before the step."""
    after: Arrays
    trained: tuple[str, ...]
    """The variables that the step trains."""
    examination: Examination | None
    """None for a generative adversarial network, whose steps have no loss of a single example."""

    @cached_property
    def update_norms(self) -> dict[str, float]:
        """The norm of the change of each trained variable."""
        return {path: _norm([self.after[path].astype(np.float64) - self.before[path]]) for path in self.trained}

    @property
    def update_norm(self) -> float:
        """The norm of the change of all trained variables."""
        return float(np.sqrt(sum(norm**2 for norm in self.update_norms.values())))


@dataclass
class Replay:
    """Trains a run again. Use `go_before` and then `peek`; steps must be visited in ascending order.

    Args:
        run: its checkpoints are where a replay starts.
        examples: those that the run was trained on.
        report: called with the progress of training.
    """

    run: RunRecord
    setup: Setup
    examples: Examples
    report: Report = ignore
    damaged: list[str] = field(default_factory=list)
    """The checkpoints that could not be used, each with the reason."""
    starts: list[Start] = field(default_factory=list)
    """Where training was continued from, in order."""

    def __post_init__(self) -> None:
        self.stages = Stages(self.setup, self.examples, FactsInMemory(self.run.facts), ignore)
        self._loop: Loop | None = None
        self._examiner: tuple[Engine, Examiner] | None = None

    @property
    def loop(self) -> Loop:
        """The loop of the current stage."""
        assert self._loop is not None, "go_before must be called first"
        return self._loop

    def start_before(self, step: int) -> Start:
        """Restore the nearest state before a step, unless the current one is nearer. Returns the start of the replay.

        Raises:
            RunError: the run has no usable state.
        """
        here = -1 if self._loop is None else self._loop.global_step
        checkpoint, damaged = nearest_checkpoint(self.run.folder.checkpoints, step - 1, after=here)
        self.damaged += damaged
        if checkpoint is not None:
            self._restore(checkpoint)
        elif self._loop is None:
            self._begin()
        return self.starts[-1]

    def go_before(self, step: int) -> None:
        """Rebuild the state before a step, which is counted from 1.

        Raises:
            RunError: the run ends before this step, or has no usable state.
            DivergedError: the loss becomes infinite or NaN before this step.
        """
        self.start_before(step)
        assert self.loop.global_step < step, "steps are visited in ascending order"
        for place, factor in self._roll_backs.items():
            if self.loop.global_step <= place < step:
                self._go_on(place, step)
                self.loop.rates.rolled_back = factor
        self._go_on(step - 1, step)

    def peek(self, positions: Sequence[int] | None = None) -> ReplayedStep:
        """Take the next step, and return to the state before it.

        Args:
            positions: the places in the batch whose gradients are computed; None for all.
        """
        loop, engine = self.loop, self.loop.engine
        before = read_state(engine.variables)
        rate = float(loop.start_epoch(loop.epoch + 1)[loop.step])
        started = read_state(engine.variables)
        examination = None
        if isinstance(engine, Engine):
            examination = self._examine(engine, loop.step, positions)
            write_state(engine.variables, started)
        after = self._take_step()
        write_state(engine.variables, started)
        engine.reset_metrics()
        self._take_step()
        metrics = engine.results()
        engine.stop_reading()
        write_state(engine.variables, before)
        return ReplayedStep(
            step=loop.global_step + 1,
            stage=loop.stage.key,
            epoch=loop.epoch + 1,
            step_of_epoch=loop.step + 1,
            steps_per_epoch=engine.n_steps,
            rows=self.rows(),
            learning_rate=rate,
            metrics=metrics,
            before=before,
            after=after,
            trained=self._trained(),
            examination=examination,
        )

    def rows(self) -> Rows:
        """(B,) the examples of the next step."""
        loop, size = self.loop, self.setup.spec.training.batch_size
        order = epoch_order(loop.seed, loop.epoch + 1, loop.engine.train.n, purpose=loop.stage.kind.order_purpose)
        return order[loop.step * size : (loop.step + 1) * size].astype(np.intp)

    def losses_of_epoch(self) -> NDArray[np.float64]:
        """(S,) the loss of each batch of the epoch that starts now, up to the first one that is infinite or NaN.

        The state does not change.
        """
        loop, engine = self.loop, self.loop.engine
        mark = self.mark()
        assert loop.step == 0, "the epoch starts"
        loop.start_epoch(loop.epoch + 1)
        losses = []
        for step in range(engine.n_steps):
            engine.reset_metrics()
            bad = engine.run(step, step + 1)
            losses.append(engine.results()["loss"])
            done = loop.global_step + step + 1
            self.report(StepsDone(loop.stage.kind.name, loop.epoch + 1, step + 1, done, {"loss": losses[-1]}))
            if bad is not None:
                losses[-1] = np.nan
                break
        engine.stop_reading()
        self.return_to(mark)
        return np.array(losses)

    def mark(self) -> Mark:
        """The current state."""
        return Mark(self.loop.state(), read_state(self.loop.engine.variables))

    def return_to(self, mark: Mark) -> None:
        """Restore an earlier state of the same stage."""
        write_state(self.loop.engine.variables, mark.variables)
        self.loop.restore(mark.loop)

    def _restore(self, checkpoint: Checkpoint) -> None:
        loop = self.stages.enter(read_progress(checkpoint).stage)
        restore_loop(checkpoint, loop)
        self._start_at(loop, checkpoint.name)

    def _begin(self) -> None:
        if self.run.facts.parent is not None:
            branch = branch_off(self.run, self.stages)
            self._start_at(branch.loop, branch.origin.name)
        else:
            self._start_at(self.stages.first(), None)

    def _start_at(self, loop: Loop, checkpoint: str | None) -> None:
        loop.settle_schedule()
        self._loop = loop
        self.starts.append(Start(checkpoint, loop.global_step))

    @cached_property
    def _roll_backs(self) -> dict[int, float]:
        """For each number of steps that the run was rolled back to, in order, the factor of the rates from there on."""
        backs = self.run.roll_backs
        return {each.step: each.factor for each in backs if each.step is not None and each.factor is not None}

    def _go_on(self, n_done: int, wanted: int) -> None:
        """Train until `n_done` steps are finished, on the way to the step that is wanted."""
        while not self._is_at(n_done):
            if self.loop.is_over:
                self._enter_next(wanted)
            else:
                self._train(n_done)

    def _is_at(self, n_done: int) -> bool:
        """Whether `n_done` steps are finished, and the next one belongs to the epoch and the stage of the loop."""
        loop = self.loop
        return loop.global_step == n_done and not loop.is_over and loop.step < loop.engine.n_steps

    def _train(self, n_done: int) -> None:
        """Train until `n_done` steps are finished, or the stage ends."""
        loop = self.loop
        loop.pause_at = n_done
        with closing(loop.run()) as events:
            for done in events:
                if isinstance(done, StepsDone):
                    self.report(done)
                if self._is_at(n_done) or loop.is_over:
                    return

    def _enter_next(self, step: int) -> None:
        following = self.stages.after(self.loop)
        if following is None:
            raise RunError(
                f"{self.run.id} has no step {step:,}: its training ends after step {self.loop.global_step:,}."
            )
        following.settle_schedule()
        self._loop = following

    def _take_step(self) -> Arrays:
        """Take the next step, and return the state after it. The loop stays where it is."""
        loop = self.loop
        loop.engine.run(loop.step, loop.step + 1)
        return read_state(loop.engine.variables)

    def _examine(self, engine: Engine, step: int, positions: Sequence[int] | None) -> Examination:
        if self._examiner is None or self._examiner[0] is not engine:
            self._examiner = engine, Examiner(engine)
        chosen = None if positions is None else np.array(positions, np.intp)
        return self._examiner[1].examine(step, chosen)

    def _trained(self) -> tuple[str, ...]:
        """The paths of the variables that training changes by their gradients."""
        engine = self.loop.engine
        return tuple(
            path
            for path, variable in engine.variables.items()
            if "model/" in path and variable.trainable and "seed_generator" not in path
        )


def _norm(arrays: Sequence[NDArray[np.float64]]) -> float:
    return float(np.sqrt(sum(np.square(array).sum() for array in arrays)))
