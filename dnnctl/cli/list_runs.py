"""`dnnctl list`: the runs there are."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Filtered, Json, RunsDir
from dnnctl.cli.table import print_table
from dnnctl.errors import UserError
from dnnctl.store.catalog import foreign_folders, list_runs, runs_directory
from dnnctl.store.columns import plain_name, value_of
from dnnctl.store.difference import in_words
from dnnctl.store.filter import check_names, parse_filter
from dnnctl.store.metrics import NO_METRICS, is_less_better
from dnnctl.store.record import RunRecord, Status
from dnnctl.text import format_bytes, format_number, format_seconds

COLUMNS = ("id", "name", "status", "epochs", "best_epoch", "best", "test", "seconds", "age")
LEAST_FIRST = ("name", "best_epoch", "seconds", "test", "epochs", "age", "best")
"""The columns that a narrow terminal goes without, one after the other."""
GAP = 2
"""Between two columns."""
METRICS = ("best", "test")
"""The columns that hold several metrics, of which a table shows the one that says most."""
IN_SECONDS = ("seconds", "age")
TEXTS = ("id", "name", "status", "created", "best", "test", "device", "compile", "host", "parent")


def list_command(
    runs_dir: RunsDir = None,
    condition: Filtered = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="COLUMN",
            help="The best first by this column, e.g. val_accuracy.",
            show_default="newest first",
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns", metavar="A,B,…", help="These columns: facts, metrics, keys of the spec; +A adds one."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Only the first so many; 0 is all.")] = 0,
    disk: Annotated[bool, typer.Option("--disk", help="Show what each run takes on the disk.")] = False,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
) -> None:
    """List runs, the newest first, with their status and best metrics."""
    with failures_reported(as_json=as_json):
        if as_json and as_csv:
            raise UserError("--json and --csv exclude each other.")
        directory = runs_directory(runs_dir)
        runs = list_runs(directory)[::-1]
        names = _columns(columns, with_disk=disk)
        if condition:
            runs = parse_filter(condition).choose(runs)
        check_names([name for name in names if name not in COLUMNS], runs)
        if sort:
            runs = sort_runs(runs, sort)
        rows = [cells_of(run, names) for run in runs[: limit or None]]
        if as_json:
            typer.echo(json.dumps(rows, indent=2))
        elif as_csv:
            _print_csv(names, rows)
        elif rows:
            _print(names, rows, can_drop=columns is None)
        elif condition:
            typer.echo(f"No run in {directory} fits the filter.")
        else:
            typer.echo(f"There are no runs in {directory}. `dnnctl train SPEC` makes one.")
        if not as_json and not as_csv:
            _tell_of_foreign(directory)


def sort_runs(runs: Sequence[RunRecord], name: str) -> list[RunRecord]:
    """The runs by a column, the best first: errors from the smallest, all other numbers from the largest.

    Raises:
        UserError: none of the runs has that column.
    """
    name = plain_name(name)
    check_names([name], runs)
    known = [run for run in runs if value_of(run, name) is not None]
    values = {run.id: value_of(run, name) for run in known}
    is_number = all(isinstance(value, int | float) for value in values.values())
    known.sort(
        key=lambda run: values[run.id] if is_number else str(values[run.id]),
        reverse=is_number and not is_less_better(name) and name not in IN_SECONDS,
    )
    return [*known, *(run for run in runs if run.id not in values)]


def cells_of(run: RunRecord, names: Sequence[str]) -> dict[str, Any]:
    """A run's row: for each column its value; of a run whose files are damaged, its id and that."""
    try:
        return {name: cell_of(run, name) for name in names}
    except (AttributeError, KeyError, TypeError, ValueError):
        known = {"id": run.id, "status": str(Status.DAMAGED)}
        return {name: known.get(name) for name in names}


def cell_of(run: RunRecord, name: str) -> Any:
    """One value; `best` and `test` are the metrics at the best epoch and those on test data."""
    if name == "best":
        return {key: value for key, value in run.best.items() if key not in NO_METRICS} or None
    if name == "test":
        return run.summary and run.summary.test
    return value_of(run, name)


def _columns(asked: str | None, *, with_disk: bool) -> list[str]:
    names = [] if asked is None else [plain_name(name.strip()) for name in asked.split(",") if name.strip()]
    if asked is not None and not names:
        raise UserError("--columns names no column. For example: --columns id,val_accuracy,optimizer.kind")
    added = [name.removeprefix("+") for name in names if name.startswith("+")]
    chosen = [name for name in names if not name.startswith("+")] or list(COLUMNS)
    return list(dict.fromkeys([*chosen, *added, *(["bytes"] if with_disk else [])]))


def _print_csv(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_in_cell(name, row[name]) for name in names])


def _in_cell(name: str, value: Any) -> Any:
    if not isinstance(value, dict | list):
        return value
    return _headline(value) if name in METRICS and isinstance(value, dict) else in_words(value)


def _print(names: Sequence[str], rows: Sequence[dict[str, Any]], *, can_drop: bool) -> None:
    texts = {name: [_in_words(name, row[name]) for row in rows] for name in names}
    if can_drop and sys.stdout.isatty():
        texts = fit_columns(texts, get_terminal_size().columns)
    print_table(
        list(texts), list(zip(*texts.values(), strict=True)), right=[name for name in texts if name not in TEXTS]
    )


def fit_columns(texts: dict[str, list[str]], width: int) -> dict[str, list[str]]:
    """The columns that a terminal has room for: those that say least are left out first."""
    kept = dict(texts)
    for name in LEAST_FIRST:
        if sum(GAP + max(map(len, [column, *cells])) for column, cells in kept.items()) - GAP <= width:
            break
        kept.pop(name, None)
    return kept


def _in_words(name: str, value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, dict | list):
        return str(_in_cell(name, value))
    if name in IN_SECONDS:
        return format_seconds(value)
    if name == "bytes":
        return format_bytes(value)
    return format_number(value) if isinstance(value, float) else str(value)


def _headline(metrics: dict[str, Any]) -> str:
    """The metric that says most: one on validation before one on training, and others before the loss."""
    names = [name for name in metrics if name.startswith("val_")] or list(metrics)
    name = next((each for each in names if each not in ("val_loss", "loss")), names[0] if names else "")
    return f"{name} {format_number(metrics[name])}" if name else "—"


def _tell_of_foreign(directory: Path) -> None:
    foreign = foreign_folders(directory)
    if foreign:
        shown = ", ".join(foreign[:5]) + (" …" if len(foreign) > 5 else "")
        typer.echo(f"no runs, passed over: {shown}", err=True)
