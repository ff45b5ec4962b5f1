"""`train --or-resume`: the run that an earlier process started from the same spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dnnctl.errors import DivergedError, RunError
from dnnctl.specs import LoadedSpec, Spec, digest
from dnnctl.store.advice import recovery_command
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.catalog import LAST, named
from dnnctl.store.columns import spec_value
from dnnctl.store.lock import claim
from dnnctl.store.record import ID, RunRecord, Status
from dnnctl.store.writer import RunWriter

Plan = Callable[[], tuple[LoadedSpec, Blueprint]]
"""Makes the blueprint of a new run, which may take a while."""


def newest_run(spec: Spec, directory: Path) -> RunRecord | None:
    """The newest run that `train` started with this spec; None if there is none."""
    return next((run for run in reversed(named(spec.name, directory)) if _is_of(spec, run)), None)


def find_requeued(spec: Spec, directory: Path) -> RunRecord | None:
    """The same, but a run that cannot be continued is an error.

    Raises:
        DivergedError: it has diverged, and would diverge again.
    """
    run = newest_run(spec, directory)
    if run is not None and run.status is Status.DIVERGED:
        raise DivergedError(
            f"{run.id} of the same spec has diverged, and would diverge again. Change the spec: {recovery_command(run)}"
        )
    return run


@contextmanager
def opened_or_created(spec: Spec, directory: Path, plan: Plan) -> Iterator[tuple[RunWriter, LoadedSpec | None]]:
    """Hold the lock of the newest run of a spec, or of a new one; yields also the spec of a new one.

    Two processes that do this at once get the same run, and the second one is refused.

    Raises:
        RunError: another process trains the run.
    """
    make_runs_directory(directory)
    planned: tuple[LoadedSpec, Blueprint] | None = None
    with ExitStack() as stack:
        while True:
            with claim(directory):
                found = find_requeued(spec, directory)
                if found is not None:
                    writer, new = stack.enter_context(RunWriter.open(found)), None
                    break
                if planned is not None:
                    new, blueprint = planned
                    writer = stack.enter_context(RunWriter.create(directory, blueprint))
                    break
            planned = plan()
        yield writer, new


def make_runs_directory(directory: Path) -> None:
    """Make the directory of the runs, unless it exists.

    Raises:
        RunError: it cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"Cannot create runs in {directory}: {error.strerror}. Choose another --runs-dir.") from None


def _is_of(spec: Spec, run: RunRecord) -> bool:
    """Whether `train` started a run with this spec."""
    facts = run.facts
    if facts.parent is not None or facts.pruned is not None or facts.trial is not None:
        return False
    return facts.spec_digest == digest(_settled(spec, facts.spec))


def _settled(spec: Spec, recorded: dict[str, Any]) -> Spec:
    """The spec with what it leaves open until training starts as it was settled in the recorded spec of a run."""
    training, model = spec.training, spec.model
    epochs = spec_value(recorded, "training.budget.epochs")
    if not training.is_settled and isinstance(epochs, int):
        training = training.with_epochs(epochs)
    reused = spec_value(recorded, "model.reuse.run")
    if model.reuse != "none" and isinstance(reused, str) and _may_mean(model.reuse.run, reused):
        model = model.model_copy(update={"reuse": model.reuse.model_copy(update={"run": reused})})
    return spec.model_copy(update={"training": training, "model": model})


def _may_mean(reference: str, run: str) -> bool:
    """Whether a reference to a run may have meant the run with this id or path when it was resolved."""
    run_id = Path(run).name
    match = ID.fullmatch(run_id)
    return match is not None and (reference in (LAST, match["name"], run) or run_id.startswith(reference))
