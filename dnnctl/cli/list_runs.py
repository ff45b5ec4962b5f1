"""`dnnctl list`: the runs there are."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, RunsDir
from dnnctl.cli.table import print_table
from dnnctl.store.catalog import list_runs, runs_directory
from dnnctl.store.numbers import format_number, format_seconds
from dnnctl.store.record import RunRecord


def list_command(
    runs_dir: RunsDir = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Only the newest so many; 0 is all.")] = 0,
    as_json: Json = False,
) -> None:
    """List runs, the newest last, with their status and best metrics."""
    with failures_reported():
        directory = runs_directory(runs_dir)
        rows = [describe_run(run) for run in list_runs(directory)[-limit:]]
        if as_json:
            typer.echo(json.dumps(rows, indent=2))
        elif not rows:
            typer.echo(f"There are no runs in {directory}. `dnnctl train SPEC` makes one.")
        else:
            _print(rows)


def describe_run(run: RunRecord) -> dict[str, Any]:
    """What a list says of a run."""
    summary = run.summary
    return {
        "run": run.id,
        "name": run.name,
        "status": str(run.status),
        "created": run.created,
        "epochs": summary.get("epochs", None) if summary else run.epochs,
        "best_epoch": summary.get("best_epoch"),
        "validation": summary.get("validation"),
        "test": summary.get("test"),
        "seconds": summary.get("seconds"),
    }


def _print(rows: list[dict[str, Any]]) -> None:
    header = ["run", "status", "epochs", "best", "validation", "test", "time"]
    cells = [
        [
            row["run"],
            row["status"],
            str(row["epochs"]),
            str(row["best_epoch"] or "—"),
            _headline(row["validation"]),
            _headline(row["test"]),
            format_seconds(row["seconds"]) if row["seconds"] is not None else "—",
        ]
        for row in rows
    ]
    print_table(header, cells, right=("epochs", "best", "time"))


def _headline(metrics: dict[str, float] | None) -> str:
    """The first metric beside the loss, else the loss."""
    if not metrics:
        return "—"
    name = next((name for name in metrics if name != "loss"), "loss")
    return f"{name} {format_number(metrics[name])}"
