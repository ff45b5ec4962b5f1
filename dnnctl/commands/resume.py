"""`resume`: continue an interrupted run."""

from __future__ import annotations

from pathlib import Path

from dnnctl.commands.runs import Run
from dnnctl.commands.session import run_session
from dnnctl.errors import RunError
from dnnctl.events.event import Report, ignore
from dnnctl.specs import load
from dnnctl.store.advice import recovery_command
from dnnctl.store.catalog import load_run
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import Status, check_sound, last_end
from dnnctl.store.writer import RunWriter


def resume(
    reference: str | Path,
    *,
    runs_dir: str | Path | None = None,
    accept_changed_data: bool = False,
    report: Report = ignore,
) -> Run:
    """Resume an interrupted run and return it. The result is bit-identical to that of an uninterrupted run.

    A finished run is returned unchanged. A run without a usable checkpoint starts from scratch.

    Args:
        reference: the run's folder, id, id prefix or name, or `last`.
        runs_dir: where runs are kept; by default DNNCTL_RUNS_DIR, or `runs`.
        accept_changed_data: continue even if the data have changed.
        report: called with each event as it happens.

    Raises:
        UserError: there is no such run, another process is training it, it has diverged, or its data have changed. The
            run is left unchanged.
        DivergedError: the loss became infinite or NaN.
    """
    with RunWriter.open(load_run(reference, runs_dir, Wanted.RESUMABLE)) as writer:
        continue_run(writer, report, accept_changed_data=accept_changed_data)
        return Run(writer.folder)


def continue_run(writer: RunWriter, report: Report, *, accept_changed_data: bool = False) -> None:
    """Train a run to its end from the state in its folder; a finished run does not change. See `resume`."""
    run = writer.record
    end = last_end(run)
    if end == Status.DIVERGED:
        raise RunError(
            f"{run.id} has diverged and would diverge again if resumed. Change its spec: {recovery_command(run)}"
        )
    if end.is_complete:
        return
    check_sound(run)
    if run.facts.pruned is not None:
        raise RunError(
            f"{run.id} is an incomplete pruned run and cannot be resumed. Remove it and prune "
            f"{run.facts.pruned.run} again."
        )
    run_session(load(run.folder.spec), writer, report, event="resumed", accept_changed_data=accept_changed_data)
