"""`dnnctl resume`: continue an interrupted run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.choose_display import choose_display
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, Quiet, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.text import format_count

if TYPE_CHECKING:
    from dnnctl.store.record import RunRecord


def resume_command(
    run: RunReference,
    runs_dir: RunsDir = None,
    accept_changed_data: Annotated[
        bool, typer.Option("--accept-changed-data", help="Continue even if the data have changed.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Resume an interrupted run. The result is bit-identical to that of an uninterrupted run."""
    with failures_reported(as_json=as_json):
        _resume(run, runs_dir, accept_changed_data=accept_changed_data, quiet=quiet, as_json=as_json)


def _resume(reference: str, runs_dir: Path | None, *, accept_changed_data: bool, quiet: bool, as_json: bool) -> None:
    from dnnctl.commands.assist import assist
    from dnnctl.commands.resume import resume
    from dnnctl.commands.team import has_team, is_assistant
    from dnnctl.specs import load
    from dnnctl.store.catalog import load_run
    from dnnctl.store.ownership import check_own
    from dnnctl.store.purpose import Wanted

    record = load_run(reference, runs_dir, Wanted.RESUMABLE, print_notice)
    if has_team():
        check_own(record.path)
    if record.status.is_complete:
        print_complete(record, quiet=quiet, as_json=as_json)
    elif has_team() and is_assistant((loaded := load(record.folder.spec)).spec):
        with choose_display(quiet=quiet, as_json=as_json) as display:
            assist(loaded, run=record, report=display.show)
        return
    else:
        with choose_display(quiet=quiet, as_json=as_json) as display:
            record = resume(record.path, accept_changed_data=accept_changed_data, report=display.show)
    if quiet and not as_json:
        print_text(record.id)


def print_complete(run: RunRecord, *, quiet: bool, as_json: bool) -> None:
    """Print that nothing is left to train."""
    if as_json:
        print_json({"event": "nothing_to_resume", "run": run.id, "status": str(run.status)})
    elif not quiet:
        print_text(f"{run.id} is complete ({run.status}, {format_count(run.epochs, 'epoch')}): nothing to resume")
