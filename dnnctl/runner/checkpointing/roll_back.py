"""Rolling back: when the loss diverges, training continues from an earlier checkpoint with lower learning rates.

The checkpoint that it goes back to, the anchor, does not depend on the time that anything takes: of the start of the
stage and the ends of its epochs it is the one with the lowest loss. The start counts, too: before its loss is infinite,
a training that explodes may have losses of 1e20 for epochs, and no rate helps the weights that it has then.

All variables and counters come from the anchor. The number of roll-backs and the factor of the rates continue from
where the loss diverged. Both are in every later checkpoint. If a process is killed before it writes one, the next
process comes to the same divergence and does the same again.
"""

from __future__ import annotations

import math
from dataclasses import replace

from dnnctl.engine.variables import read_state, write_state
from dnnctl.errors import DivergedError
from dnnctl.events.event import Report, RolledBack, StepsDone
from dnnctl.runner.checkpointing.checkpointer import Checkpointer
from dnnctl.runner.checkpointing.progress import EpochDone, RollBackState
from dnnctl.runner.loop import Loop
from dnnctl.specs.divergence import RollBack as RollBackSpec
from dnnctl.specs.divergence import Stop
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints, remove_after
from dnnctl.store.facts import HistoryEntry
from dnnctl.store.record import ROLLED_BACK
from dnnctl.store.writer import RunWriter
from dnnctl.text import format_count


class RollBack:
    """Goes back if the spec says so; otherwise training stops."""

    def __init__(
        self, spec: RollBackSpec | Stop, writer: RunWriter, checkpointer: Checkpointer, report: Report
    ) -> None:
        self.spec = spec if isinstance(spec, RollBackSpec) else None
        self.writer = writer
        self.checkpointer = checkpointer
        self.report = report

    @property
    def state(self) -> RollBackState:
        """The state of the roll-backs, which every checkpoint has."""
        return self.checkpointer.roll_back

    def enter(self) -> None:
        """Forget the anchor: a new stage starts."""
        self.checkpointer.roll_back = RollBackState(n_done=self.state.n_done)

    def start(self, loop: Loop) -> None:
        """Take the state in which a stage or a fork starts as the anchor; a resumed stage has one."""
        if self.spec is not None and not self.state.anchor and not loop.is_over:
            self.checkpointer.roll_back = replace(self.state, loss=_validation_loss(loop))
            self.checkpointer.save(loop, is_anchor=True)

    def see(self, done: StepsDone | EpochDone, loop: Loop) -> bool:
        """Process what the loop has yielded; return whether this is the new anchor: an epoch with a lower loss."""
        if self.spec is None:
            return False
        name = _loss_name(loop)
        values = done.row if isinstance(done, EpochDone) else done.metrics
        is_known = not math.isnan(self.state.loss)
        if name not in values or (is_known and (isinstance(done, StepsDone) or values[name] >= self.state.loss)):
            return False
        self.checkpointer.roll_back = replace(self.state, loss=values[name])  # of the first step, or of an epoch
        return isinstance(done, EpochDone)

    def go_back(self, loop: Loop, error: DivergedError) -> None:
        """Restore the anchor into the loop of its stage, and lower the rates. Records and reports it.

        Raises:
            DivergedError: the spec does not allow it, or not again.
        """
        self.checkpointer.finish()
        if self.spec is None:
            raise error
        anchor = self._find_anchor(error)
        state = replace(self.state, n_done=self.state.n_done + 1)
        factor = loop.rates.rolled_back * self.spec.factor
        self.writer.add_history(
            HistoryEntry(
                ROLLED_BACK,
                reason=str(error),
                checkpoint=anchor.name,
                initial_epoch=anchor.epoch,
                step=anchor.step,
                number=state.n_done,
                factor=factor,
            )
        )
        remove_after(self.checkpointer.folder, anchor)
        self.checkpointer.restore(anchor, loop)
        self.checkpointer.roll_back = state
        loop.rates.rolled_back = factor
        self.report(
            RolledBack(str(error), anchor.name, anchor.epoch, anchor.step, state.n_done, self.spec.times, factor)
        )

    def _find_anchor(self, error: DivergedError) -> Checkpoint:
        assert self.spec is not None, "training rolls back"
        if self.state.n_done >= self.spec.times:
            times = format_count(self.state.n_done, "time")
            raise DivergedError(f"{error} Training was rolled back {times} before (training.on_divergence).") from None
        found = [each for each in list_checkpoints(self.checkpointer.folder) if each.name == self.state.anchor]
        damage = found[0].damage() if found else "it is missing"
        if damage is not None:
            raise DivergedError(f"{error} The checkpoint {self.state.anchor} cannot be used: {damage}.") from None
        return found[0]


def _loss_name(loop: Loop) -> str:
    """The loss that tells good states from bad ones: on validation examples, or else that of training."""
    if loop.validate is not None:
        return "val_loss"
    return "loss" if loop.stage.kind.trains_model else loop.best.metric


def _validation_loss(loop: Loop) -> float:
    """The loss on the validation examples now; NaN if there are none. Changes no variable."""
    if loop.validate is None:
        return math.nan
    state = read_state(loop.engine.variables)
    loss = loop.validate()["loss"]
    write_state(loop.engine.variables, state)
    return loss
