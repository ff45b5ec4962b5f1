"""`dnnctl tensorboard`: runs in TensorBoard."""

from __future__ import annotations

from typing import Annotated

import typer

from dnnctl.cli.choose_runs import all_seeds, choose_runs
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Filtered, RunReferences, RunsDir
from dnnctl.store.catalog import runs_directory


def tensorboard_command(
    runs: RunReferences = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, metavar="PORT", help="The port.", show_default="the first from 6006"),
    ] = None,
    runs_dir: RunsDir = None,
    condition: Filtered = None,
) -> None:
    """Open TensorBoard on runs, or without RUN on all of them, also on those that are still trained."""
    with failures_reported():
        from dnnctl.commands.tensorboard import show_in_tensorboard

        chosen = choose_runs(runs, condition, runs_dir, all_seeds) if runs or condition else []
        code = show_in_tensorboard(chosen, runs_directory(runs_dir), port=port)
        if code:
            raise typer.Exit(code)
