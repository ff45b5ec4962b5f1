"""Starting from another run's state (fork): which parts of it fit the new spec, and which are reset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import keras
import numpy as np

from dnnctl.engine.variables import Arrays, shapes_of, write_state
from dnnctl.errors import RunError
from dnnctl.runner.checkpointing.checkpointer import Checkpointer, read_arrays
from dnnctl.runner.checkpointing.progress import Progress, StageKey, read_progress
from dnnctl.runner.loop import Loop
from dnnctl.runner.stages import Stages
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints
from dnnctl.store.difference import has_changed
from dnnctl.store.facts import ParentFacts
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from dnnctl.text import format_shape

OF_THE_BEST = ("data", "model", "loss", "metrics", "training.early_stopping.monitor")
"""The keys that define what is measured: if they change, earlier and later values cannot be compared."""
OF_THE_RATES = ("schedule", "optimizer.learning_rate")
NOISE = "_seed_generator_state"
SET_AT_EVERY_STEP = re.compile(r"optimizer/\d+_(learning_rate|momentum)")
NUMBER = re.compile(r"/\d+_")
"""The part of a path before a variable's name: its position in the layer."""
MAX_LISTED = 3
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Branch:
    """The start of a fork."""

    origin: Checkpoint
    """The parent's state."""
    loop: Loop
    progress: Progress
    """That of the parent."""
    best: Arrays | None
    """The best weights of the parent; None if its best epoch does not count in the fork."""
    reset: list[str]
    """What is reset, each with the reason."""


def start_from_origin(
    writer: RunWriter, stages: Stages, checkpointer: Checkpointer
) -> tuple[Checkpoint, Loop, list[str]]:
    """Restore the state that a fork starts from, and write the rows of the parent.

    Returns the checkpoint, the loop, and what is reset, each with the reason.

    Raises:
        RunError: the checkpoint is damaged or is that of another network.
    """
    branch = branch_off(writer.record, stages)
    if branch.best is not None:
        phase = (branch.progress.best_row or {}).get("phase", 1)
        checkpointer.best.recall(branch.best, min(phase, len(stages.setup.phases)))
    checkpointer.log.start_with(branch.progress.rows, branch.progress.pretraining, branch.progress.probe)
    return branch.origin, branch.loop, branch.reset


def branch_off(run: RunRecord, stages: Stages) -> Branch:
    """Restore the state that a fork starts from. Nothing is written.

    Raises:
        RunError: the checkpoint is damaged or is that of another network.
    """
    parent = run.facts.parent
    assert parent is not None, "only forks have an origin"
    origin = _intact_origin(run, parent)
    progress = read_progress(origin)
    changed = [change.path for change in parent.changes]
    has_new_data = parent.data is not None and parent.data != stages.setup.data
    if has_new_data and progress.loop.step:
        raise RunError(
            f"{origin.name} is in the middle of an epoch, but the data have changed since then. Fork {parent.run} at "
            f"the end of an epoch with --at EPOCH."
        )
    has_same_phases = not has_changed(["training.phases"], changed)
    start = _same_start(progress) if has_same_phases else _start(progress, stages.setup.phases)
    loop = stages.enter(start.key)
    values, best = read_arrays(origin)
    reason = None
    if progress.optimizer != loop.stage.optimizer or has_changed(["optimizer.kind"], changed):
        reason = "different kind"
    elif start.is_fresh:
        reason = "the phase starts with a fresh one"
    reset = _take_over(loop.engine.variables, values, origin, reason)
    with_best = not has_new_data and not has_changed(OF_THE_BEST, changed)
    if not with_best:
        reset.append("the best epoch (what is measured has changed)")
    reset += _data_changes(parent, stages, changed, has_new_data=has_new_data)
    loop.epochs_before, loop.rates.epochs_before = start.epochs_before, start.epochs_before_schedule
    loop.branch_off(
        progress.loop,
        origin.step,
        with_best=with_best,
        with_rates=has_same_phases and not has_changed(OF_THE_RATES, changed),
        with_end=has_same_phases and loop.stage.number < len(stages.setup.phases),
    )
    return Branch(origin, loop, progress, best if with_best else None, reset)


def _data_changes(parent: ParentFacts, stages: Stages, changed: Sequence[str], *, has_new_data: bool) -> list[str]:
    """What differs in the data, each with its consequence."""
    reset = []
    if has_new_data and not has_changed(["data", "seed"], changed):
        reset.append("the data (they have changed since the parent was trained)")
    if parent.data is not None and parent.data.split != stages.setup.data.split:
        reset.append(
            "the validation split (the parent may have trained on some of these examples, so metrics may look too good)"
        )
    return reset


@dataclass(frozen=True)
class _Start:
    """The position among the phases where a fork starts."""

    number: int
    epochs_before: int
    """Epochs before its phase."""
    epochs_before_schedule: int
    """Epochs before the first step of its schedule."""
    is_fresh: bool = False
    """Whether it starts a phase with a fresh optimizer."""

    @property
    def key(self) -> StageKey:
        return StageKey("phase", self.number)


def _same_start(progress: Progress) -> _Start:
    """Where the parent was."""
    return _Start(progress.stage.number, progress.loop.epochs_before, progress.loop.rates.epochs_before)


def _start(progress: Progress, phases: Sequence[PlannedPhase]) -> _Start:
    """The phase that is reached after the parent's number of epochs."""
    epoch = progress.loop.epoch
    starts = list(accumulate((phase.epochs for phase in phases), initial=0))
    number = next((phase.number for phase in phases if epoch < starts[phase.number]), len(phases))
    phase, before = phases[number - 1], starts[number - 1]
    is_fresh = phase.starts_optimizer and number > 1 and (epoch, progress.loop.step) == (before, 0)
    return _Start(number, before, starts[phase.schedule_of - 1], is_fresh)


def _intact_origin(run: RunRecord, parent: ParentFacts) -> Checkpoint:
    found = list_checkpoints(run.folder.origin)
    damage = found[0].damage() if found else "it is missing"
    if damage is not None:
        raise RunError(
            f"The state that {run.id} starts from, in {run.folder.origin}, cannot be used: {damage}. "
            f"Fork {parent.run} again."
        )
    return found[0]


def _take_over(
    variables: Mapping[str, keras.Variable], values: Arrays, origin: Checkpoint, reason: str | None
) -> list[str]:
    """Write what fits into the variables: every weight, all or nothing of the optimizer, and the seed
    generators that fit.

    Args:
        reason: why the optimizer must be reset; None to keep it if it fits.

    Returns what is reset, each with the reason.
    """
    there, wanted = shapes_of(values), shapes_of(variables)
    _check_weights(_weights(there), _weights(wanted))
    if not all(np.isfinite(value).all() for value in values.values()):
        raise RunError(f"{origin.name} contains infinite or NaN values. Start at an earlier epoch with --at EPOCH.")
    fitting = {path for path, shape in wanted.items() if there.get(path) == shape}
    optimizer = {path for path in wanted if path.startswith("optimizer/") and not SET_AT_EVERY_STEP.fullmatch(path)}
    reset = []
    if reason is not None or not optimizer <= fitting:
        reset.append(f"the optimizer ({reason or 'it has other variables'})")
        fitting = {path for path in fitting if not path.startswith("optimizer/")}
    write_state({path: variables[path] for path in fitting}, values)
    return reset


def _weights(shapes: Shapes) -> Shapes:
    return {path: shape for path, shape in shapes.items() if path.startswith("model/") and not path.endswith(NOISE)}


def _check_weights(there: Shapes, here: Shapes) -> None:
    """Check that both networks have weights of the same names and shapes.

    Raises:
        RunError: the weights differ.
    """
    differing = [path for path in dict.fromkeys([*there, *here]) if there.get(path) != here.get(path)]
    if differing:
        listed = [
            f"{NUMBER.sub('/', path).removeprefix('model/')} "
            f"({_size(there.get(path))} in the parent, {_size(here.get(path))} here)"
            for path in differing[:MAX_LISTED]
        ]
        more = f" and {len(differing) - MAX_LISTED} more" if len(differing) > MAX_LISTED else ""
        raise RunError(
            f"The weights of the parent run do not fit this network: {', '.join(listed)}{more}. A fork must keep the "
            f"layers and their sizes. To train another network, start from scratch with dnnctl train."
        )


def _size(shape: tuple[int, ...] | None) -> str:
    return "none" if shape is None else format_shape(shape)
