"""Starting from another run's state: what of it fits the new spec, and what begins anew."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from dnnctl.engine.variables import Arrays, shapes_of, write_state
from dnnctl.errors import RunError
from dnnctl.runner.checkpointing.checkpointer import Checkpointer, read_arrays
from dnnctl.runner.stages import FIRST_PHASE, Key, Stages
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints
from dnnctl.store.difference import has_changed
from dnnctl.store.record import RunRecord

OF_THE_BEST = ("data", "model", "loss", "metrics", "training.early_stopping.monitor")
"""The keys that say what was measured: changed, the figures before cannot be compared with those that follow."""
OF_THE_RATES = ("schedule", "optimizer.learning_rate")
NOISE = "_seed_generator_state"
SET_AT_EVERY_STEP = re.compile(r"optimizer/\d+_(learning_rate|momentum)")
NUMBER = re.compile(r"/\d+_")
"""Before a variable's name, its place in the layer."""
MAX_LISTED = 3
Shapes = Mapping[str, tuple[int, ...]]


def start_from_origin(
    run: RunRecord, data: dict[str, Any], stages: Stages, checkpointer: Checkpointer
) -> tuple[Checkpoint, list[str]]:
    """Give a fork the state that it starts from; returns the checkpoint and what begins anew, each with the reason.

    Args:
        data: the identity of the data and of its split.

    Raises:
        RunError: the checkpoint is damaged, or its network is another one.
    """
    origin, parent = _sound_origin(run), run.facts["parent"]
    changed = [change["path"] for change in parent["changes"]]
    has_new_data = parent["data"] != data
    state = origin.read_state()
    if has_new_data and state["loop"]["step"]:
        raise RunError(
            f"{origin.name} is in the middle of an epoch, and the data have changed since. Fork {parent['run']} anew "
            f"--at the end of an epoch."
        )
    has_same_phases = not has_changed(["training.phases"], changed)
    place = _same_place(state) if has_same_phases else _place(state, stages.setting.phases)
    loop = checkpointer.attend(stages.enter(place.key))
    values, best = read_arrays(origin)
    was = state.get("optimizer", loop.stage.optimizer)
    reason = None
    if was != loop.stage.optimizer or has_changed(["optimizer.kind"], changed):
        reason = "it is of another kind"
    elif place.is_fresh:
        reason = "the phase begins with a fresh one"
    anew = _take_over(checkpointer, values, origin, reason)
    with_best = not has_new_data and not has_changed(OF_THE_BEST, changed)
    if with_best:
        checkpointer.best.recall(best)
    else:
        anew.append("the best epoch, for what is measured has changed")
    if has_new_data and not has_changed(["data", "seed"], changed):
        anew.append("the data: they have changed since the parent was trained")
    if parent["data"] and parent["data"]["split"] != data["split"]:
        anew.append("the validation part: the parent may have been trained on examples of it, which then flatter")
    loop.begun, loop.rates.begun = place.begun, place.schedule_begun
    loop.branch_off(
        state["loop"],
        origin.step,
        with_best=with_best,
        with_rates=has_same_phases and not has_changed(OF_THE_RATES, changed),
        with_end=has_same_phases and loop.stage.number < len(stages.setting.phases),
    )
    checkpointer.records.begin_with(state["rows"], state.get("pretraining", []))
    return origin, anew


@dataclass(frozen=True)
class _Place:
    """Where among the phases a fork begins."""

    number: int
    begun: int
    """Epochs before its phase."""
    schedule_begun: int
    """Epochs before the first step of its schedule."""
    is_fresh: bool = False
    """Whether it begins a phase that has a fresh optimizer."""

    @property
    def key(self) -> Key:
        return {**FIRST_PHASE, "number": self.number}


def _same_place(state: dict[str, Any]) -> _Place:
    """Where the parent was."""
    loop = state["loop"]
    return _Place(state.get("stage", FIRST_PHASE)["number"], loop.get("begun", 0), loop["rates"].get("begun", 0))


def _place(state: dict[str, Any], phases: Sequence[PlannedPhase]) -> _Place:
    """The phase that so many epochs lead to."""
    epoch = state["loop"]["epoch"]
    begins = list(accumulate((phase.epochs for phase in phases), initial=0))
    number = next((phase.number for phase in phases if epoch < begins[phase.number]), len(phases))
    phase, begun = phases[number - 1], begins[number - 1]
    is_fresh = phase.starts_optimizer and number > 1 and (epoch, state["loop"]["step"]) == (begun, 0)
    return _Place(number, begun, begins[phase.schedule_of - 1], is_fresh)


def _sound_origin(run: RunRecord) -> Checkpoint:
    found = list_checkpoints(run.folder.origin)
    damage = found[0].damage() if found else "it is missing"
    if damage is not None:
        raise RunError(
            f"The state that {run.id} starts from, in {run.folder.origin}, cannot be used: {damage}. "
            f"Fork {run.facts['parent']['run']} anew."
        )
    return found[0]


def _take_over(checkpointer: Checkpointer, values: Arrays, origin: Checkpoint, reason: str | None) -> list[str]:
    """Write what fits into the variables: every weight, the optimizer if all of it does, noise where there was some.

    Args:
        reason: why the optimizer begins anew, if it does.
    """
    there, wanted = shapes_of(values), shapes_of(checkpointer.variables)
    _check_weights(_weights(there), _weights(wanted))
    if not all(np.isfinite(value).all() for value in values.values()):
        raise RunError(f"{origin.name} holds numbers that are infinite or none: fork --at an earlier epoch.")
    fitting = {path for path, shape in wanted.items() if there.get(path) == shape}
    optimizer = {path for path in wanted if path.startswith("optimizer/") and not SET_AT_EVERY_STEP.fullmatch(path)}
    anew = []
    if reason is not None or not optimizer <= fitting:
        reason = reason or "it keeps other variables"
        anew.append(f"the optimizer, for {reason}")
        fitting = {path for path in fitting if not path.startswith("optimizer/")}
    write_state({path: checkpointer.variables[path] for path in fitting}, values)
    return anew


def _weights(shapes: Shapes) -> Shapes:
    return {path: shape for path, shape in shapes.items() if path.startswith("model/") and not path.endswith(NOISE)}


def _check_weights(there: Shapes, here: Shapes) -> None:
    """Raise unless both networks have the same weights."""
    differing = [path for path in dict.fromkeys([*there, *here]) if there.get(path) != here.get(path)]
    if differing:
        listed = [
            f"{NUMBER.sub('/', path)[len('model/') :]} ({_size(there.get(path))} there, {_size(here.get(path))} here)"
            for path in differing[:MAX_LISTED]
        ]
        more = f" and {len(differing) - MAX_LISTED} more" if len(differing) > MAX_LISTED else ""
        raise RunError(
            f"The weights of the run that is forked do not fit this network: {', '.join(listed)}{more}. A fork keeps "
            f"the layers and their sizes; another network is trained anew: dnnctl train."
        )


def _size(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "none"
    return " × ".join(map(str, shape)) or "one number"
