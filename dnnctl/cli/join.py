"""`dnnctl join`: a worker of a sweep that another machine runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import RunsDir
from dnnctl.cli.printing import print_text
from dnnctl.cli.streams import output_optional


def join_command(
    sweep: Annotated[str, typer.Argument(metavar="NAME", help="The name of the sweep.")],
    threads: Annotated[
        int | None,
        typer.Option("--threads", min=1, metavar="N", help="The number of threads.", show_default="one a core"),
    ] = None,
    session: Annotated[str, typer.Option("--session", hidden=True)] = "",
    worker: Annotated[str, typer.Option("--worker", hidden=True)] = "",
    runs_dir: RunsDir = None,
) -> None:
    """Train trials of a sweep that another process runs, with `workers: shared_folder`, until the sweep is over.

    The runs directory must be one folder that both machines share.
    """
    with failures_reported():
        from dnnctl.commands.join import join

        join(sweep, runs_dir=runs_dir, threads=threads, session=session, worker=worker, notify=_say)


def _say(text: str) -> None:
    with output_optional():
        print_text(text)
        sys.stdout.flush()
