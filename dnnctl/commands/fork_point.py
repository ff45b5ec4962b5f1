"""Starting a new run from another's state: which checkpoint, and what is recorded of it. Light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dnnctl.errors import RunError
from dnnctl.specs import LoadedSpec, load, to_plain
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints
from dnnctl.store.difference import Change, changes, has_changed
from dnnctl.store.record import RunRecord, Status, last_end

OF_AN_EPOCH = ("seed", "data", "metrics", "training.batch_size")
"""The keys on which the order of an epoch's examples and its metrics rest: changed, half an epoch is worth nothing."""


BEFORE = ("model.reuse", "training.pretraining")
"""The keys that say what the first weights were: of no use to a fork, which starts later."""


def changes_of_spec(parent: RunRecord, loaded: LoadedSpec) -> list[Change]:
    """The keys in which a spec differs from a run's; the name is not counted."""
    found = changes(to_plain(load(parent.folder.spec).spec), to_plain(loaded.spec))
    return [change for change in found if change.path != "name"]


def choose_checkpoint(parent: RunRecord, epoch: int | None, changed: Sequence[str], n_epochs: int) -> Checkpoint:
    """The checkpoint of a run to start from.

    Args:
        epoch: at whose end; if none is given, the newest, and of a diverged run that of the best epoch.
        changed: the keys of the spec that change.
        n_epochs: how many epochs the new run is to have.

    Raises:
        RunError: there is none, or nothing is left to train after it.
    """
    if has_changed(BEFORE, changed):
        raise RunError(
            f"A fork starts with the weights of {parent.id}: {' and '.join(BEFORE)} cannot change. "
            f"Train a new run: dnnctl train {parent.folder.spec} --set KEY=VALUE"
        )
    sound = [each for each in list_checkpoints(parent.folder.checkpoints) if each.damage() is None]
    if not sound:
        raise RunError(
            f"{parent.id} has no usable checkpoint to start from. Train its spec anew: "
            f"dnnctl train {parent.folder.spec} --set KEY=VALUE"
        )
    states = [each.read_state() for each in sound]
    sound = [each for each, state in zip(sound, states, strict=True) if not is_pretraining(state)]
    if not sound:
        raise RunError(f"{parent.id} has not finished its pretraining: resume it. dnnctl resume {parent.path}")
    states = [state["loop"] for state in states if not is_pretraining(state)]
    ends = [each for each, state in zip(sound, states, strict=True) if state["step"] == 0]
    if epoch is not None:
        candidates = [each for each in ends if each.epoch == epoch]
    elif last_end(parent) == Status.DIVERGED:
        candidates = [each for each in ends if each.epoch <= states[-1]["best"]["best_epoch"]] or sound[:1]
    else:
        candidates = ends if has_changed(OF_AN_EPOCH, changed) else sound
    if not candidates:
        raise RunError(_not_there(parent, epoch, ends))
    chosen = candidates[-1]
    if chosen.epoch >= n_epochs:
        raise RunError(
            f"At {chosen.name} of {parent.id} all of the {n_epochs} epochs are done. Have more of them, for example "
            f"--set training.epochs={chosen.epoch + 10}, or start --at an earlier epoch."
        )
    return chosen


def is_pretraining(state: dict[str, Any]) -> bool:
    """Whether a checkpoint was written in the pretraining."""
    return bool(state.get("stage", {}).get("kind") == "pretraining")


def lineage(parent: RunRecord, checkpoint: Checkpoint, changed: Sequence[Change]) -> dict[str, Any]:
    """What run.json says of where a run comes from."""
    return {
        "run": parent.id,
        "checkpoint": checkpoint.name,
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "data": parent.facts.get("data"),
        **_found_rate(parent, changed),
        "changes": [asdict(change) for change in changed],
    }


def _found_rate(parent: RunRecord, changed: Sequence[Change]) -> dict[str, Any]:
    """What the parent's range test found, for a fork that goes on with its schedule."""
    found = parent.facts.get("rate_finder") or (parent.facts.get("parent") or {}).get("rate_finder")
    paths = [change.path for change in changed]
    is_same = "training.phases" not in paths and not any("schedule" in path.split(".") for path in paths)
    return {"rate_finder": found} if found and is_same else {}


def _not_there(parent: RunRecord, epoch: int | None, ends: Sequence[Checkpoint]) -> str:
    wanted = "the end of an epoch" if epoch is None else f"the end of epoch {epoch}"
    there = ", ".join(str(each.epoch) for each in ends)
    found = f"There are some at the ends of {there}" if there else "There are some in the middle of an epoch alone"
    return (
        f"{parent.id} has no checkpoint at {wanted}. {found}; training.checkpoint.keep says how many of the newest "
        f"a run keeps."
    )
