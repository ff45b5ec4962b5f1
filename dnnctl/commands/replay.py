"""`replay`: a step of a run, rebuilt: its weights before and after, its batch, and what each example did.

Shapes: B is the batch size, S the number of steps of an epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnnctl.commands.named_examples import Answer, name_predictions, name_targets, source_of
from dnnctl.commands.rebuilding import (
    Rebuilding,
    Steps,
    announce,
    check_step,
    find_steps,
    rebuilding,
)
from dnnctl.errors import DivergedError, RunError, UserError
from dnnctl.events.event import Report, ignore
from dnnctl.store.catalog import Notify, keep_silent, load_run
from dnnctl.store.encoding import TableEncoding
from dnnctl.store.metrics import finite
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import RunRecord, Status, last_end
from dnnctl.text import format_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dnnctl.runner.replay import ReplayedStep, Start

WINDOW = 25
"""The number of steps whose median loss a step is compared with."""
NPZ = ".npz"


@dataclass(frozen=True)
class ReplayedExample:
    """An example of the batch."""

    row: int
    """Its number in the training split, from 0."""
    source: int | str
    """Its row in the file, from 0, or its own file."""
    position: int
    """Its place in the batch, from 1."""
    loss: float | None
    """As training weighs it; None where it has none of its own."""
    gradient_norm: float | None
    target: Answer | None = None
    predicted: Answer | None = None
    """With the noise of training, such as dropout."""
    probability: float | None = None
    share: float | None = None
    """Of a mixed example, the share of its own label."""


@dataclass(frozen=True)
class Spike:
    """The step of an epoch whose loss jumped most."""

    epoch: int
    loss: float
    """That of the batch; infinite if it is infinite or NaN."""
    median: float
    """The median of the steps before."""
    losses: NDArray[np.float64]
    """(S,) of the steps of the epoch, up to the first one that is infinite or NaN."""


@dataclass(frozen=True, repr=False)
class Replayed:
    """A step of a run, rebuilt."""

    run: RunRecord
    step: ReplayedStep
    examples: list[ReplayedExample]
    """By loss, highest first."""
    start: Start
    """Where the replay started."""
    approximate: list[str]
    """Why it may not have the same bits as the run; empty if it has."""
    damaged: list[str]
    """The checkpoints that could not be used."""
    raw: NDArray[Any]
    """(B, …) the inputs as they are in the data, by position."""
    encoding: TableEncoding | None = None
    """How the columns of a table were encoded; None if the inputs are not the rows of a table."""
    is_augmented: bool = False
    """Whether the network gets other inputs than those in the data."""
    spike: Spike | None = None

    @property
    def n_trained(self) -> int:
        """The number of steps that were trained again before the step."""
        return self.step.step - 1 - self.start.step

    def __repr__(self) -> str:
        """For people: `Replayed(step 120 of 20261124-145308-iris-30aa: loss 0.2304, 32 examples)`."""
        loss = self.step.metrics.get("loss", float("nan"))
        return f"Replayed(step {self.step.step:,} of {self.run.id}: loss {loss:.4f}, {len(self.examples)} examples)"


def replay(
    run: str | Path | RunRecord,
    step: int | None = None,
    *,
    spike: bool = False,
    epoch: int | None = None,
    output: Path | None = None,
    overrides: Sequence[str] = (),
    runs_dir: str | Path | None = None,
    report: Report = ignore,
    notify: Notify = keep_silent,
) -> Replayed:
    """Rebuild a step of a run from the nearest checkpoint before it. The run does not change.

    Args:
        run: a run, or its id, id prefix, name or folder, or `last`.
        step: counted from 1, from the start of the run.
        spike: find the step whose loss jumped most, instead of `step`.
        epoch: where to look for it; by default the epoch whose loss rose most.
        output: where to write the weights before and after the step: an .npz file, or a folder for two .keras files.
        overrides: where the run's data are now: `data.source.path=…`.
        report: called with the progress of training.
        notify: called with a sentence about what is trained again.

    Raises:
        UserError: there is no such run or step, the run is damaged, or its data have changed.
    """
    record = run if isinstance(run, RunRecord) else load_run(run, runs_dir, Wanted.CHECKPOINT)
    if (step is None) != spike:
        raise UserError("Choose a step with --step N, or --spike to find the one whose loss jumped most.")
    if epoch is not None and not spike:
        raise UserError("--epoch: it says where --spike looks. A step is chosen with --step N.")
    if output is not None:
        _check_output(record, output)
    steps = find_steps(record)
    if step is None:
        epoch = _risen_epoch(record) if epoch is None else epoch
        first = _first_step(record, epoch)
        _check_epoch(record, epoch, first, steps)
        notify(_looking(record, epoch))
    else:
        first = step
        check_step(record, step, steps)
    with rebuilding(record, overrides, report) as rebuilt:
        start = rebuilt.replay.start_before(first)
        n_steps = rebuilt.setup.span.steps_per_epoch if spike else 0
        notify(announce(record, first - 1 - start.step + n_steps, start))
        return _replay(record, rebuilt, first, epoch, output)


def _replay(run: RunRecord, rebuilt: Rebuilding, step: int, epoch: int | None, output: Path | None) -> Replayed:
    """Replay a step, or the one whose loss jumped most in the epoch that starts with it."""
    again = rebuilt.replay
    try:
        again.go_before(step)
        spike = None
        if epoch is not None:
            place, spike = _find_spike(run, epoch, again.losses_of_epoch())
            again.go_before(step + place)
        found = again.peek()
    except DivergedError as error:
        raise RunError(f"{run.id} has no step {step:,}. {error}") from None
    if output is not None:
        _write(rebuilt, found, output)
    split = "train" if found.stage.kind == "phase" else "unlabelled"
    return Replayed(
        run,
        found,
        _examples(run, rebuilt, found, split),
        again.starts[0],
        rebuilt.approximate,
        again.damaged,
        _raw(rebuilt, found, split),
        rebuilt.dataset.encoding,
        rebuilt.setup.augmenter is not None,
        spike,
    )


def _examples(run: RunRecord, rebuilt: Rebuilding, found: ReplayedStep, split: str) -> list[ReplayedExample]:
    """The examples of the batch, highest loss first; infinite and NaN losses are the highest."""
    seen, dataset = found.examination, rebuilt.dataset
    targets, said = None, None
    if seen is not None and split == "train":
        targets = name_targets(run, rebuilt.setup.target, dataset.train.targets[found.rows])
        said = name_predictions(run, rebuilt.setup.target, seen.outputs)
    examples = [
        ReplayedExample(
            row=int(row),
            source=source_of(dataset, split, int(row)),
            position=place + 1,
            loss=None if seen is None else float(seen.losses[place]),
            gradient_norm=None if seen is None else float(seen.gradient_norms[place]),
            target=targets[place] if targets else None,
            predicted=said[place].answer if said else None,
            probability=said[place].probability if said else None,
            share=float(seen.shares[place]) if seen is not None and seen.shares is not None else None,
        )
        for place, row in enumerate(found.rows)
    ]
    return sorted(examples, key=_height, reverse=True)


def _height(example: ReplayedExample) -> float:
    """Its loss; infinite and NaN losses are the highest."""
    loss = finite(example.loss)
    return float("inf") if loss is None else loss


def _raw(rebuilt: Rebuilding, found: ReplayedStep, split: str) -> Any:
    inputs: Any = rebuilt.dataset.train.inputs if split == "train" else rebuilt.dataset.unlabelled
    return inputs[found.rows]


def _risen_epoch(run: RunRecord) -> int:
    """The epoch whose loss rose most against the epoch before, or in which the run diverged."""
    losses = {int(row["epoch"]): finite(row.get("loss")) for row in run.rows}
    last = max(losses, default=0)
    if last_end(run) == Status.DIVERGED:
        return last + 1
    rises = {
        epoch: loss - before
        for epoch, loss in losses.items()
        if loss is not None and (before := losses.get(epoch - 1)) is not None
    }
    if not losses:
        raise RunError(f"{run.id} has not finished an epoch, so there is no loss to compare. Choose a step: --step N.")
    return max(rises, key=lambda epoch: rises[epoch]) if rises else last


def _looking(run: RunRecord, epoch: int) -> str:
    """A sentence about the epoch in which the spike is looked for."""
    losses = {int(row["epoch"]): finite(row.get("loss")) for row in run.rows}
    now, before = losses.get(epoch), losses.get(epoch - 1)
    change = ""
    if now is not None and before is not None:
        change = f" (loss {format_number(before)} → {format_number(now)})"
    return f"looking for the step of epoch {epoch}{change} whose loss jumped most"


def _first_step(run: RunRecord, epoch: int) -> int:
    """The first step of an epoch.

    Raises:
        RunError: the run has no such epoch.
    """
    ends = {int(row["epoch"]): int(row["step"]) for row in run.rows}
    known = [*ends, *([max(ends, default=0) + 1] if last_end(run) == Status.DIVERGED else [])]
    if epoch not in known:
        raise RunError(f"{run.id} has no epoch {epoch}. Its finished epochs are {min(known)} to {max(known)}.")
    parent = run.facts.parent
    before = int(run.pretraining[-1]["step"]) if run.pretraining else 0
    if parent is not None and epoch - 1 not in ends:
        before = parent.step
    return ends.get(epoch - 1, before) + 1


def _check_epoch(run: RunRecord, epoch: int, first: int, steps: Steps) -> None:
    if first < steps.first:
        parent = run.facts.parent
        assert parent is not None, "other runs start with their first step"
        raise RunError(
            f"Epoch {epoch} of {run.id} was trained by its parent: dnnctl replay {parent.run} --spike --epoch {epoch}"
        )


def _find_spike(run: RunRecord, epoch: int, losses: NDArray[np.float64]) -> tuple[int, Spike]:
    """The place of the step whose loss is highest above the median of the steps before, from 0."""
    import numpy as np

    before = next((finite(row.get("loss")) for row in run.rows if row["epoch"] == epoch - 1), None)
    medians = np.array([_median(losses[max(0, place - WINDOW) : place], before) for place in range(len(losses))])
    rises = np.where(np.isfinite(losses), losses - medians, np.inf)
    place = int(np.nanargmax(rises)) if not np.isnan(rises).all() else 0
    loss = float(losses[place]) if np.isfinite(losses[place]) else float("inf")
    return place, Spike(epoch, loss, float(medians[place]), losses)


def _median(losses: NDArray[np.float64], before: float | None) -> float:
    """The median of some losses; of none, the mean loss of the epoch before."""
    import numpy as np

    return float(np.median(losses)) if len(losses) else float("nan") if before is None else before


def _check_output(run: RunRecord, output: Path) -> None:
    """Check that the weights can be written, before anything is trained."""
    if output.resolve().is_relative_to(run.path.resolve()):
        raise UserError(f"-o {output}: it is in the folder of the run, which must not change. Choose another place.")
    if output.suffix != NPZ and output.exists() and not output.is_dir():
        raise UserError(f"-o {output}: it is a file. Name an .npz file, or a folder for before.keras and after.keras.")
    if not output.absolute().parent.is_dir():
        raise UserError(f"-o {output}: there is no folder {output.absolute().parent}.")


def _write(rebuilt: Rebuilding, found: ReplayedStep, output: Path) -> None:
    """Write the state before and after a step.

    Raises:
        UserError: the files cannot be written, or the step is not one of the model.
    """
    import numpy as np

    from dnnctl.engine.variables import write_state
    from dnnctl.runner.results import plain_model

    states = {"before": found.before, "after": found.after}
    try:
        if output.suffix == NPZ:
            arrays: dict[str, Any] = {
                f"{name}/{path}": value for name, state in states.items() for path, value in state.items()
            }
            np.savez(output, **arrays)
            return
        if found.stage.kind != "phase":
            raise UserError(
                f"Step {found.step:,} is in the pretraining, whose network is not that of the model. "
                f"Write its weights to an .npz file: -o FILE.npz"
            )
        output.mkdir(exist_ok=True)
        for name in ("after", "before"):  # the engine ends in the state before the step
            write_state(rebuilt.replay.loop.engine.variables, states[name])
            plain_model(rebuilt.setup, found.stage.number).save(output / f"{name}.keras")
    except OSError as error:
        raise UserError(f"Cannot write {output}: {error.strerror or error}.") from None
