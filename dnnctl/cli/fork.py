"""`dnnctl fork`: train a new run from the state of another one."""

from __future__ import annotations

from typing import Annotated

import typer

from dnnctl.cli.choose_display import choose_display
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, Name, Overrides, Quiet, RunReference, RunsDir, with_name
from dnnctl.cli.printing import print_text


def fork_command(
    run: RunReference,
    overrides: Overrides = None,
    at: Annotated[
        int | None,
        typer.Option(
            "--at", min=1, metavar="EPOCH", help="Start at the end of this epoch.", show_default="the newest checkpoint"
        ),
    ] = None,
    name: Name = None,
    runs_dir: RunsDir = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a new run that starts from another run's state, with a changed spec."""
    with failures_reported(as_json=as_json):
        from dnnctl.commands.fork import fork
        from dnnctl.store.catalog import load_run
        from dnnctl.store.purpose import Wanted

        parent = load_run(run, runs_dir, Wanted.CHECKPOINT, print_notice)
        with choose_display(quiet=quiet, as_json=as_json) as display:
            record = fork(parent.path, with_name(overrides, name), at=at, runs_dir=runs_dir, report=display.show)
        if quiet and not as_json:
            print_text(record.id)
