"""`dnnctl list`: the runs of a directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dnnctl.cli.completion import complete_column, complete_sweep, complete_tag
from dnnctl.cli.csv_text import as_csv
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Filtered, Json, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import format_column, print_fitting, print_table
from dnnctl.errors import UserError
from dnnctl.store.catalog import foreign_folders, list_runs, runs_directory
from dnnctl.store.columns import plain_name, value_of
from dnnctl.store.difference import in_words
from dnnctl.store.filter import check_names, parse_filter
from dnnctl.store.labels import suggest_tag
from dnnctl.store.metrics import NO_METRICS, finite, is_less_better
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.trials import load_trials
from dnnctl.text import format_bytes, format_number, format_seconds, visible

COLUMNS = ("id", "name", "status", "epochs", "best_epoch", "best", "test", "seconds", "age", "tags")
MOST_FIRST = ("id", "status", "best", "name", "tags", "age", "epochs", "test", "seconds", "best_epoch", "bytes")
"""The columns that are shown first on a narrow terminal, in this order."""
METRICS = ("best", "test")
"""Columns of several metrics; a table shows only the most important one."""
IN_SECONDS = ("seconds", "age")
TEXTS = ("id", "name", "status", "created", "best", "test", "device", "compile", "host", "parent", "tags", "note")


def list_command(
    runs_dir: RunsDir = None,
    condition: Filtered = None,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            metavar="TAG",
            help="Only runs that have this tag. Repeatable: all of them.",
            show_default=False,
            autocompletion=complete_tag,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            "--sort",
            metavar="COLUMN",
            help="Sort by this column, best first, e.g. val_accuracy.",
            show_default="newest first",
            autocompletion=complete_column,
        ),
    ] = None,
    sweep: Annotated[
        str | None,
        typer.Option(
            "--sweep",
            metavar="NAME",
            help="Only the trials of this sweep.",
            show_default=False,
            autocompletion=complete_sweep,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="A,B,…",
            help="The columns to show: facts, metrics or spec keys; +A adds a column.",
            autocompletion=complete_column,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, metavar="N", help="Show only the first N; 0 shows all.")
    ] = 0,
    disk: Annotated[bool, typer.Option("--disk", help="Show the disk usage of each run.")] = False,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")] = False,
) -> None:
    """List runs, newest first, with their status and best metrics."""
    with failures_reported(as_json=as_json):
        if as_json and as_csv:
            raise UserError("--json and --csv cannot be combined.")
        directory = runs_directory(runs_dir)
        runs, usual = (list_runs(directory)[::-1], COLUMNS) if sweep is None else _of_sweep(sweep, directory)
        names = _columns(columns, usual, with_disk=disk)
        runs = _tagged(runs, tags or [])
        if condition:
            runs = parse_filter(condition).choose(runs)
        check_names([name for name in names if name not in COLUMNS], runs)
        if sort:
            runs = sort_runs(runs, sort)
        rows = [cells_of(run, names) for run in runs[: limit or None]]
        if as_json:
            print_json(rows, indent=2)
        elif as_csv:
            _print_csv(names, rows)
        elif rows:
            _print(names, rows, can_drop=columns is None)
        elif condition or tags:
            print_text(f"No run in {directory} matches {' and '.join(_options(condition, tags))}.")
        else:
            print_text(f"There are no runs in {directory}. `dnnctl train SPEC` creates one.")
        if not as_json and not as_csv:
            _explain_lost(runs[: limit or None])
            _report_foreign(directory)


def _tagged(runs: list[RunRecord], tags: Sequence[str]) -> list[RunRecord]:
    """The runs that have all these tags.

    Raises:
        UserError: no run has one of them.
    """
    known = {tag for run in runs for tag in run.labels.tags} if tags else set()
    for tag in tags:
        if runs and tag not in known:
            raise UserError(f"No run has the tag '{tag}'. {suggest_tag(tag, known)}")
    return [run for run in runs if set(tags) <= set(run.labels.tags)]


def sort_runs(runs: Sequence[RunRecord], name: str) -> list[RunRecord]:
    """The runs sorted by a column, best first: losses, errors and times ascending, other numbers descending.

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
    """The value of each column of a run; for a damaged run only its id and status."""
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


def _of_sweep(name: str, directory: Path) -> tuple[list[RunRecord], tuple[str, ...]]:
    """The runs of a sweep, by the numbers of their trials, and their columns."""
    trials = load_trials(name, directory)
    varied = trials[0].facts.setting
    return [trial.run for trial in trials], ("id", "trial", "status", "epochs", "best", *varied, "seconds")


def _columns(asked: str | None, usual: Sequence[str] = COLUMNS, *, with_disk: bool) -> list[str]:
    names = [] if asked is None else [plain_name(name.strip()) for name in asked.split(",") if name.strip()]
    if asked is not None and not names:
        raise UserError(
            "--columns: must name at least one column. For example: --columns id,val_accuracy,optimizer.kind"
        )
    added = [name.removeprefix("+") for name in names if name.startswith("+")]
    chosen = [name for name in names if not name.startswith("+")] or list(usual)
    return list(dict.fromkeys([*chosen, *added, *(["bytes"] if with_disk else [])]))


def _options(condition: str | None, tags: Sequence[str] | None) -> list[str]:
    """The options that choose runs."""
    return [*["--tag"] * bool(tags), *["--filter"] * bool(condition)]


def _print_csv(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    print_text(as_csv([names, *([_in_cell(name, row[name]) for name in names] for row in rows)]).rstrip("\n"))


def _in_cell(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return ", ".join(value)
    if not isinstance(value, dict | list):
        return value
    return _headline(value) if name in METRICS and isinstance(value, dict) else in_words(value)


def _print(names: Sequence[str], rows: Sequence[dict[str, Any]], *, can_drop: bool) -> None:
    if can_drop and not any(row.get("tags") for row in rows):
        names = [name for name in names if name != "tags"]
    texts = {name: _column(name, [row[name] for row in rows]) for name in names}
    right = [name for name in names if name not in TEXTS]
    if can_drop:
        print_fitting(texts, MOST_FIRST, "--columns chooses columns", right)
    else:
        print_table(names, list(zip(*texts.values(), strict=True)), right=right)


def _column(name: str, values: Sequence[Any]) -> list[str]:
    """The cells of a column; if some numbers are not whole, all have the same notation."""
    are_numbers = all(value is None or type(value) in (int, float) for value in values)
    if are_numbers and name not in (*IN_SECONDS, "bytes") and any(isinstance(value, float) for value in values):
        return format_column([finite(value) for value in values])
    return [_in_words(name, value) for value in values]


def _in_words(name: str, value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return str(_in_cell(name, value)) or "—"
    if value is None or (name in IN_SECONDS and finite(value) is None):
        return "—"
    if name in IN_SECONDS:
        return format_seconds(value)
    if name == "bytes":
        return format_bytes(value)
    return str(value)


def _headline(metrics: dict[str, Any]) -> str:
    """The most important metric: validation metrics before training metrics, other metrics before the loss."""
    names = [name for name in metrics if name.startswith("val_")] or list(metrics)
    name = next((each for each in names if each not in ("val_loss", "loss")), names[0] if names else "")
    return f"{name} {format_number(finite(metrics[name]))}" if name else "—"


def _explain_lost(runs: Sequence[RunRecord]) -> None:
    lost = [run.id for run in runs if run.status is Status.LOST]
    if lost:
        print_text(f"note: a lost run was killed in training. To continue it: dnnctl resume {lost[0]}", to_stderr=True)


def _report_foreign(directory: Path) -> None:
    foreign = foreign_folders(directory)
    if foreign:
        shown = ", ".join(map(visible, foreign[:5])) + (" …" if len(foreign) > 5 else "")
        print_text(f"note: skipped folders that are not runs: {shown}", to_stderr=True)
