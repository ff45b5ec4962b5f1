"""The state of a training run, except its variables, as a checkpoint stores it. Reading it needs no framework."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dnnctl.errors import RunError
from dnnctl.runner.monitor import Monitor
from dnnctl.store.checkpoint import Checkpoint
from dnnctl.store.facts import Row
from dnnctl.store.json_object import read_object
from dnnctl.store.metrics import finite
from dnnctl.store.record import is_row


@dataclass(frozen=True)
class StageKey:
    """Identifies a stage: its kind, and its number among the stages of that kind, from 1."""

    kind: str
    number: int


@dataclass(frozen=True)
class EpochDone:
    """The end of an epoch."""

    row: Row
    """The epoch's row of metrics."""
    is_best: bool
    is_last: bool
    """Whether the stage is over, because of patience or its number of epochs."""
    stopped_early: bool


@dataclass(frozen=True)
class RatesState:
    """What the learning rates depend on in addition to the spec."""

    epochs_before: int
    """Epochs that were finished before the schedule's first step."""
    factor: float
    """The factor by which `performance` has multiplied the rate."""
    monitor: Monitor | None = None
    rolled_back: float = 1.0
    """The factor by which roll-backs have multiplied every rate."""


@dataclass(frozen=True)
class RollBackState:
    """What a roll-back depends on."""

    anchor: str = ""
    """The name of the checkpoint that it goes back to; empty if there is none."""
    loss: float = math.nan
    """The loss at that checkpoint; NaN if it is not known yet."""
    n_done: int = 0
    """The number of roll-backs so far in the run."""


@dataclass(frozen=True)
class LoopState:
    """Where the loop of a stage is, and its state."""

    epochs_before: int
    """Epochs that were finished before the stage."""
    epoch: int
    """Finished epochs."""
    step: int
    """Finished steps of the epoch in progress."""
    seconds: float
    """Seconds that the epoch in progress has taken so far."""
    offset: int
    """Steps that `epoch` and `step` do not account for; see `Loop.offset`."""
    best: Monitor
    rates: RatesState
    patience: Monitor | None = None
    last: EpochDone | None = None


@dataclass(frozen=True)
class Progress:
    """The state of a training run, except its variables."""

    stage: StageKey
    optimizer: str
    """The kind of the stage's optimizer."""
    loop: LoopState
    rows: tuple[Row, ...] = ()
    """The rows of metrics.jsonl so far."""
    pretraining: tuple[Row, ...] = ()
    """The rows of pretraining.jsonl so far."""
    probe: tuple[Row, ...] = ()
    """The rows of probe.jsonl so far."""
    roll_back: RollBackState = RollBackState()

    @property
    def best_row(self) -> Row | None:
        """The row of the best epoch so far."""
        return next((row for row in self.rows if row.get("epoch") == self.loop.best.best_epoch), None)


def read_progress(checkpoint: Checkpoint) -> Progress:
    """The state in a checkpoint.

    Raises:
        RunError: the checkpoint is damaged.
    """
    progress, damages = read_object(checkpoint.state, Progress)
    if progress is None or damages:
        raise RunError(f"{checkpoint.path} cannot be used: {damages[0]}.")
    loop, rows = progress.loop, (*progress.rows, *progress.pretraining)
    is_sound = all(map(_is_complete, rows)) and all(map(is_row, progress.probe))
    if min(loop.epoch, loop.step, loop.epochs_before) < 0 or not is_sound:
        raise RunError(f"{checkpoint.path} cannot be used: {checkpoint.state.name} contains values out of range.")
    return progress


def _is_complete(row: Row) -> bool:
    """Whether a row has what training adds to every row."""
    return is_row(row) and type(row.get("step")) is int and finite(row.get("seconds")) is not None
