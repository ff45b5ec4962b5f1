"""`blame`: when training saw an example, and what its loss was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.evaluate import set_weights
from dnnctl.commands.named_examples import Answer, name_predictions, name_targets, source_of
from dnnctl.commands.rebuilding import Rebuilding, Steps, announce, find_steps, rebuilding
from dnnctl.commands.runs import load_model
from dnnctl.errors import DivergedError, RunError, UserError
from dnnctl.events.event import Report, ignore
from dnnctl.store.catalog import Notify, keep_silent, load_run
from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord

if TYPE_CHECKING:
    from dnnctl.data.dataset import Part
    from dnnctl.engine.engine import Engine

BEST = "best"


@dataclass(frozen=True)
class Seen:
    """A step that trained on an example."""

    epoch: int
    step: int
    """Counted from 1, from the start of the run."""
    position: int
    """Its place in the batch, from 1."""
    checkpoint: str | None
    """The nearest kept checkpoint before the step; None if the run must be trained from its start."""
    n_steps: int
    """The number of steps to train again from there."""
    loss: float | None = None
    """Its loss in the step, as training weighs it; None if it was not rebuilt."""
    gradient_norm: float | None = None


@dataclass(frozen=True)
class Judged:
    """What the weights of a checkpoint, or the best ones, say about an example, at inference."""

    weights: str
    """The name of the checkpoint, or `best`."""
    epoch: int
    step: int | None
    """The steps that were finished; None for the best weights."""
    loss: float
    predicted: Answer
    probability: float | None
    """That of the predicted class, if the network gives probabilities."""


@dataclass(frozen=True)
class Blamed:
    """A training example."""

    row: int
    """Its number in the training split, from 0."""
    source: int | str
    """Its row in the file, from 0, or its own file."""
    target: Answer
    seen: list[Seen]
    judged: list[Judged]


@dataclass(frozen=True)
class Blame:
    """Some training examples of a run."""

    run: RunRecord
    examples: list[Blamed]
    approximate: list[str]
    """Why a rebuilt loss may not be that of the run; empty if it is."""


def blame(
    run: str | Path | RunRecord,
    rows: Sequence[int],
    *,
    epochs: Sequence[int] = (),
    rebuild: bool = False,
    overrides: Sequence[str] = (),
    runs_dir: str | Path | None = None,
    report: Report = ignore,
    notify: Notify = keep_silent,
) -> Blame:
    """List when training saw some examples, and their losses with the weights that the run has kept.

    Args:
        run: a run, or its id, id prefix, name or folder, or `last`.
        rows: the numbers of the examples in the training split, from 0.
        epochs: only these epochs; by default all.
        rebuild: train the run again to find the loss of each example in each step that saw it.
        overrides: where the run's data are now: `data.source.path=…`.
        report: called with the progress of training.
        notify: called with a sentence about what is trained again.

    Raises:
        UserError: there is no such run, example or epoch, the run is damaged, or its data have changed.
    """
    record = run if isinstance(run, RunRecord) else load_run(run, runs_dir, Wanted.CHECKPOINT)
    if not rows:
        raise UserError("Choose an example with --row N: its number in the training split, from 0.")
    steps = find_steps(record)
    with rebuilding(record, overrides, report) as rebuilt:
        part = _chosen(record, rebuilt, rows)
        seen = _sightings(record, rebuilt, steps, rows, epochs)
        if rebuild:
            seen = _with_losses(record, rebuilt, seen, notify)
        judged = _judge(record, rebuilt, part)
        targets = name_targets(record, rebuilt.setup.target, part.targets)
        examples = [
            Blamed(row, source_of(rebuilt.dataset, "train", row), target, seen[row], [each[place] for each in judged])
            for place, (row, target) in enumerate(zip(rows, targets, strict=True))
        ]
        return Blame(record, examples, rebuilt.approximate)


def _chosen(run: RunRecord, rebuilt: Rebuilding, rows: Sequence[int]) -> Part:
    """The training examples of some rows, without their weights.

    Raises:
        RunError: there is no such row.
    """
    import numpy as np

    train = rebuilt.dataset.train
    for row in rows:
        if not 0 <= row < len(train):
            raise RunError(f"{run.id} has no training example {row:,}. Its rows are 0 to {len(train) - 1:,}.")
    return replace(train.take(np.array(rows, np.intp)), weights=None)


def _sightings(
    run: RunRecord, rebuilt: Rebuilding, steps: Steps, rows: Sequence[int], epochs: Sequence[int]
) -> dict[int, list[Seen]]:
    """For each row, the steps that saw it."""
    from dnnctl.runner.sightings import find_sightings

    spec, kept = rebuilt.setup.spec, list_checkpoints(run.folder.checkpoints)
    starts = _starts(run, rebuilt.setup.span.steps_per_epoch, steps)
    for epoch in epochs:
        if epoch not in starts:
            raise RunError(f"{run.id} has no epoch {epoch}. Its epochs are {min(starts)} to {max(starts)}.")
    starts = {epoch: start for epoch, start in starts.items() if not epochs or epoch in epochs}
    found: dict[int, list[Seen]] = {}
    for row in rows:
        found[row] = []
        sightings = find_sightings(
            row, starts, seed=spec.seed, n=len(rebuilt.dataset.train), batch_size=spec.training.batch_size
        )
        for each in sightings:
            if steps.first <= each.step <= steps.last:
                nearest = next((point for point in reversed(kept) if point.step < each.step), None)
                n_steps = each.step - 1 - (nearest.step if nearest else steps.first - 1)
                name = nearest.name if nearest else None
                found[row].append(Seen(each.epoch, each.step, each.position, name, n_steps))
    return found


def _starts(run: RunRecord, n_steps: int, steps: Steps) -> dict[int, int]:
    """For each epoch, the steps of the run that were finished before it; also for one that was interrupted."""
    parent = run.facts.parent
    inherited = parent.epoch if parent else 0
    starts = {int(row["epoch"]): int(row["step"]) - n_steps for row in run.rows if row["epoch"] > inherited}
    ends = [int(row["step"]) for row in (*run.pretraining, *run.rows)]
    last = max([*ends, steps.first - 1])
    if steps.last > last or not starts:
        starts[max([*starts, inherited]) + 1] = last
    return starts


def _with_losses(
    run: RunRecord, rebuilt: Rebuilding, seen: Mapping[int, list[Seen]], notify: Notify
) -> dict[int, list[Seen]]:
    """The same, with the loss in each step: the run is trained again."""
    wanted: dict[int, list[Seen]] = {}
    for each in (each for sightings in seen.values() for each in sightings):
        wanted.setdefault(each.step, []).append(each)
    notify(announce(run, _n_trained(wanted), None))
    found: dict[tuple[int, int], Seen] = {}
    for step, sightings in sorted(wanted.items()):
        try:
            rebuilt.replay.go_before(step)
        except DivergedError as error:
            raise RunError(f"{run.id} cannot be rebuilt: {error}") from None
        places = [each.position - 1 for each in sightings]
        examination = rebuilt.replay.peek(places).examination
        assert examination is not None, "phases train with a loss of each example"
        for place, norm, each in zip(places, examination.gradient_norms, sightings, strict=True):
            loss = float(examination.losses[place])
            found[step, each.position] = replace(each, loss=loss, gradient_norm=float(norm))
    return {row: [found[each.step, each.position] for each in sightings] for row, sightings in seen.items()}


def _n_trained(wanted: Mapping[int, list[Seen]]) -> int:
    """The number of steps that are trained to visit these steps in order."""
    total, here = 0, 0
    for step, sightings in sorted(wanted.items()):
        total += min(sightings[0].n_steps, step - 1 - here) if here else sightings[0].n_steps
        here = step - 1
    return total


def _judge(run: RunRecord, rebuilt: Rebuilding, part: Part) -> list[list[Judged]]:
    """For each kept state of the network, what it says about each example."""
    from dnnctl.engine.variables import shapes_of, write_state
    from dnnctl.runner.checkpointing.checkpointer import read_arrays
    from dnnctl.runner.checkpointing.progress import read_progress
    from dnnctl.runner.examples import place

    setup = rebuilt.setup
    engine = setup.engine(place(setup, part))
    variables = {path: each for path, each in engine.variables.items() if path.startswith("model/")}
    found = []
    for checkpoint in list_checkpoints(run.folder.checkpoints):
        if checkpoint.damage() is not None or read_progress(checkpoint).stage.kind != "phase":
            continue
        values = {path: value for path, value in read_arrays(checkpoint)[0].items() if path in variables}
        if shapes_of(values) != shapes_of(variables):
            raise RunError(f"{checkpoint.path} does not contain the state of the model in the run's spec.yaml.")
        write_state(variables, values)
        found.append(_judged(run, rebuilt, engine, checkpoint.name, checkpoint.epoch, checkpoint.step))
    if run.folder.model.is_file():
        set_weights(setup.model, load_model(run), run)
        found.append(_judged(run, rebuilt, engine, BEST, int(run.best.get("epoch", 0)), None))
    return found


def _judged(
    run: RunRecord, rebuilt: Rebuilding, engine: Engine, weights: str, epoch: int, step: int | None
) -> list[Judged]:
    from dnnctl.engine.examination import measure_each

    losses, outputs = measure_each(engine, engine.train.take(slice(None)))
    said: list[Any] = name_predictions(run, rebuilt.setup.target, outputs)
    return [
        Judged(weights, epoch, step, float(loss), each.answer, each.probability)
        for loss, each in zip(losses, said, strict=True)
    ]
