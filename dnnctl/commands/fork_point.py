"""Where a fork starts: the checkpoint of the parent, and what is recorded about it."""

from __future__ import annotations

from collections.abc import Sequence

from dnnctl.errors import RunError
from dnnctl.runner.checkpointing.progress import read_progress
from dnnctl.specs import LoadedSpec, load, to_plain
from dnnctl.store.checkpoint import Checkpoint, list_checkpoints
from dnnctl.store.difference import Change, changes, has_changed
from dnnctl.store.facts import FoundRate, ParentFacts
from dnnctl.store.record import RunRecord, Status, last_end

FORKABLE = ("phase",)
"""The kinds of stage that train the model itself."""
OF_AN_EPOCH = ("seed", "data", "metrics", "training.batch_size")
"""Keys that affect the order of an epoch's examples or its metrics. A fork that changes one of them cannot continue in
the middle of an epoch."""
BEFORE = ("model.reuse", "training.pretraining")
"""Keys that define the initial weights. A fork starts from trained weights, so it cannot change them."""


def changes_of_spec(parent: RunRecord, loaded: LoadedSpec) -> list[Change]:
    """The keys in which a spec differs from that of a run, except `name`."""
    found = changes(to_plain(load(parent.folder.spec).spec), to_plain(loaded.spec))
    return [change for change in found if change.path != "name"]


def choose_checkpoint(parent: RunRecord, epoch: int | None, changed: Sequence[str], n_epochs: int) -> Checkpoint:
    """The checkpoint of a run to start from.

    Args:
        epoch: start at the end of this epoch; None means the newest checkpoint, or the best epoch of a diverged run.
        changed: the keys of the spec that change.
        n_epochs: the number of epochs of the new run.

    Raises:
        RunError: there is no such checkpoint, or nothing is left to train after it.
    """
    if has_changed(BEFORE, changed):
        raise RunError(
            f"A fork starts with the weights of {parent.id}, so {' and '.join(BEFORE)} cannot change. "
            f"Train a new run: dnnctl train {parent.folder.spec} --set KEY=VALUE"
        )
    intact = [each for each in list_checkpoints(parent.folder.checkpoints) if each.damage() is None]
    if not intact:
        raise RunError(
            f"{parent.id} has no usable checkpoint to start from. Train its spec from scratch: "
            f"dnnctl train {parent.folder.spec} --set KEY=VALUE"
        )
    states = {each: read_progress(each) for each in intact}
    intact = [each for each in intact if states[each].stage.kind in FORKABLE]
    if not intact:
        raise RunError(f"{parent.id} has not finished its pretraining. Resume it first: dnnctl resume {parent.path}")
    ends = [each for each in intact if states[each].loop.step == 0]
    if epoch is not None:
        candidates = [each for each in ends if each.epoch == epoch]
    elif last_end(parent) == Status.DIVERGED:
        best_epoch = states[intact[-1]].loop.best.best_epoch
        candidates = [each for each in ends if each.epoch <= best_epoch] or intact[:1]
    else:
        candidates = ends if has_changed(OF_AN_EPOCH, changed) else intact
    if not candidates:
        raise RunError(_not_there(parent, epoch, ends))
    chosen = candidates[-1]
    if chosen.epoch >= n_epochs:
        raise RunError(
            f"No epoch is left to train: {chosen.name} of {parent.id} is at epoch {chosen.epoch} of {n_epochs}. Train "
            f"more, for example --set training.epochs={chosen.epoch + 10}, or start at an earlier epoch: --at EPOCH."
        )
    return chosen


def lineage(parent: RunRecord, checkpoint: Checkpoint, changed: Sequence[Change]) -> ParentFacts:
    """What run.json records about the parent of a fork."""
    return ParentFacts(
        run=parent.id,
        checkpoint=checkpoint.name,
        epoch=checkpoint.epoch,
        step=checkpoint.step,
        data=parent.facts.data,
        rate_finder=_found_rates(parent, changed),
        changes=tuple(changed),
    )


def _found_rates(parent: RunRecord, changed: Sequence[Change]) -> dict[str, FoundRate]:
    """What the parent's range tests found; empty if the fork changes the schedule."""
    facts = parent.facts
    found = facts.rate_finder or (facts.parent.rate_finder if facts.parent else {})
    paths = [change.path for change in changed]
    is_same = "training.phases" not in paths and not any("schedule" in path.split(".") for path in paths)
    return found if is_same else {}


def _not_there(parent: RunRecord, epoch: int | None, ends: Sequence[Checkpoint]) -> str:
    wanted = "the end of an epoch" if epoch is None else f"the end of epoch {epoch}"
    there = ", ".join(str(each.epoch) for each in ends)
    epochs = "epoch" if len(ends) == 1 else "epochs"
    found = (
        f"It has checkpoints at the end of {epochs} {there}"
        if there
        else "Its checkpoints are in the middle of an epoch"
    )
    return (
        f"{parent.id} has no checkpoint at {wanted}. {found}. A run keeps its newest checkpoints "
        f"(training.checkpoint.keep) and that of its best epoch."
    )
