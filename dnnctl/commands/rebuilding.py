"""What `replay` and `blame` need to rebuild the training of a run: its data, its network, and what may differ."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnnctl.commands.evaluate import check_overrides
from dnnctl.commands.session import faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import DataError, RunError
from dnnctl.events.event import Report, ignore
from dnnctl.specs import load
from dnnctl.store.alteration import check_unaltered
from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord, Status, check_sound, last_end
from dnnctl.text import format_count, format_seconds

if TYPE_CHECKING:
    from dnnctl.data.dataset import Dataset
    from dnnctl.runner.replay import Replay, Start
    from dnnctl.runner.setup import Setup


@dataclass(frozen=True)
class Steps:
    """The steps of a run that it has trained itself."""

    first: int
    last: int
    """The last one that is on record: of a finished epoch, or in a checkpoint."""


@dataclass(frozen=True)
class Rebuilding:
    """A run that is ready to be trained again."""

    replay: Replay
    setup: Setup
    dataset: Dataset
    approximate: list[str]
    """Why the result may not have the same bits as the run; empty if it has."""


def find_steps(run: RunRecord) -> Steps:
    """The steps that a run has trained.

    Raises:
        RunError: it has trained none, is damaged, or was altered since training.
    """
    check_sound(run)
    if run.facts.pruned is not None:
        raise RunError(f"{run.id} was made by `dnnctl prune` and has no training. Use {run.facts.pruned.run}.")
    checkpoints = list_checkpoints(run.folder.checkpoints)
    check_unaltered(run, *(checkpoint.manifest for checkpoint in checkpoints))
    if run.summary is not None:
        last = run.summary.steps
    else:
        rows = [int(row["step"]) for row in (*run.pretraining, *run.rows) if type(row.get("step")) is int]
        last = max([*rows, *(checkpoint.step for checkpoint in checkpoints)], default=0)
    parent = run.facts.parent
    steps = Steps(parent.step + 1 if parent else 1, last)
    if steps.last < steps.first and last_end(run) != Status.DIVERGED:
        raise RunError(f"{run.id} has finished no step yet: it is {run.status}.")
    return steps


def check_step(run: RunRecord, step: int, steps: Steps) -> None:
    """Check that a run has trained a step. A diverged run has trained some more than are on record.

    Raises:
        RunError: it has not.
    """
    parent = run.facts.parent
    if parent is not None and 1 <= step < steps.first:
        raise RunError(
            f"Step {step:,} of {run.id} was trained by its parent: dnnctl replay {parent.run} --step {step}. "
            f"Its own steps are {steps.first:,} to {steps.last:,}."
        )
    if step < steps.first or (step > steps.last and last_end(run) != Status.DIVERGED):
        raise RunError(f"{run.id} has no step {step:,}. Its steps are {steps.first:,} to {steps.last:,}.")


def announce(run: RunRecord, n_steps: int, start: Start | None) -> str:
    """A sentence about what is trained again.

    Args:
        start: where training continues from; None if there are several places.
    """
    place = ""
    if start is not None:
        place = f" from {start.checkpoint or 'the start of the run, because no checkpoint before it is kept'}"
    summary, took = run.summary, ""
    if summary is not None and summary.training_seconds and summary.steps:
        seconds = n_steps * summary.training_seconds / summary.steps
        took = f", about {format_seconds(seconds)}" if seconds >= 1 else ""
    return f"training {format_count(n_steps, 'step')} again{place}{took}"


@contextmanager
def rebuilding(run: RunRecord, overrides: Sequence[str], report: Report) -> Iterator[Rebuilding]:
    """Load the data of a run and build its network. Nothing is written to the run.

    Args:
        overrides: where the run's data are now: `data.source.path=…`.

    Raises:
        UserError: the data cannot be read or have changed, or the spec is not valid.
    """
    check_overrides(overrides)
    loaded = load(run.folder.spec, overrides)
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.engine.memory import memory_errors_explained
        from dnnctl.runner.checkpointing.resume import environment_differences, recorded_compilation
        from dnnctl.runner.examples import place_all
        from dnnctl.runner.replay import Replay
        from dnnctl.runner.setup import prepare

        with memory_errors_explained():
            compilation, pretrained = recorded_compilation(run), pretrained_copy(run)
            try:
                setup, dataset = prepare(loaded.spec, ignore, compilation=compilation, pretrained=pretrained)
            except DataError as error:
                raise RunError(f"The data of {run.id} cannot be read: {error} {_moved(run)}") from None
            if run.facts.data not in (None, setup.data):
                raise RunError(f"The data of {run.id} have changed since it was trained. {_moved(run)}")
            differences = [*environment_differences(run, setup.device), *_earlier_differences(run)]
            yield Rebuilding(Replay(run, setup, place_all(setup, dataset), report), setup, dataset, differences)


def _moved(run: RunRecord) -> str:
    source = run.facts.spec.get("data", {}).get("source")
    if not isinstance(source, dict) or "path" not in source:
        return "Restore them."
    return "If they were moved, name their new place: --set data.source.path=PATH"


def _earlier_differences(run: RunRecord) -> list[str]:
    """What differed when the run was resumed: its steps after that may have other bits than those of its start."""
    return [
        f"at step {entry.step:,} it was resumed with other conditions ({'; '.join(entry.approximate)})"
        for entry in run.history
        if entry.approximate and entry.step is not None
    ]
