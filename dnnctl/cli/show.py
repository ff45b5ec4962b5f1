"""`dnnctl show`: one run."""

from __future__ import annotations

import json
from itertools import groupby
from shlex import quote
from typing import Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.table import print_table
from dnnctl.store.advice import recovery_command
from dnnctl.store.catalog import load_run
from dnnctl.store.columns import spec_value
from dnnctl.store.difference import Change
from dnnctl.store.metrics import format_metrics
from dnnctl.store.record import RunRecord, Status
from dnnctl.text import format_bytes, format_number, format_seconds

MAX_ROWS = 12
MIN_POINTS = 2
"""Fewer are no curve."""


def show_command(run: RunReference = "last", runs_dir: RunsDir = None, as_json: Json = False) -> None:
    """Show a run: what it is, how it stands, its metrics and its files."""
    with failures_reported(as_json=as_json):
        record = load_run(run, runs_dir)
        if as_json:
            typer.echo(json.dumps(as_object(record), indent=2))
        else:
            _print(record)


def as_object(run: RunRecord) -> dict[str, Any]:
    """Everything the run's files say, as one JSON object."""
    return {
        "run": run.id,
        "path": str(run.path),
        "status": str(run.status),
        **{key: value for key, value in run.facts.items() if key != "id"},
        "summary": run.summary or None,
        "history": run.history,
        "metrics": run.rows,
        "pretraining": run.pretraining or None,
    }


def _print(run: RunRecord) -> None:
    facts = run.facts
    device, compiled = facts.get("device", {}), facts.get("compile", {})
    lines = {
        "run": run.id,
        "status": _status(run),
        "made": f"{run.created[:19]} on {facts.get('host', '?')}",
        "command": " ".join(facts.get("command", [])),
        "trained on": f"{device['name']}, {compiled.get('mode', '?')}" if device else "—",
        "parameters": f"{facts['parameters']:,}" if "parameters" in facts else "—",
    }
    parent = facts.get("parent")
    if parent:
        lines["forked from"] = f"{parent['run']} at {parent['checkpoint']}"
        for change in parent["changes"]:
            lines[f"  {change['path']}"] = str(Change(**change)).partition(": ")[2]
    reuse = facts.get("reuse")
    if reuse:
        lines["reuses"] = f"{', '.join(reuse.get('layers', []))} of {reuse['run'] or reuse['path']}"
    for part, rows in groupby(run.pretraining, key=lambda row: row.get("part", "")):
        last = list(rows)[-1]
        lines[f"pretraining {part}".strip()] = f"{format_metrics(last)} after {last['epoch']} epochs"
    pruned = facts.get("pruned")
    if pruned:
        lines["pruned from"] = f"{pruned['run']}: {pruned['sparsity']:.1%} of the kernel weights are zero"
    summary = run.summary
    if summary:
        lines["best epoch"] = f"{summary['best_epoch']} of {summary['epochs']} by {summary['monitor']}"
        for role in ("validation", "test"):
            if summary.get(role):
                lines[role] = format_metrics(summary[role])
        lines["time"] = format_seconds(summary["seconds"])
    for number, resumption in enumerate(_resumptions(run), 1):
        lines[f"resumed ({number})"] = _resumption(resumption)
    data = facts.get("data") or {}
    lines["data"] = f"{spec_value(run.spec, 'data.source.kind') or '—'}, digest {str(data.get('digest', '—'))[:12]}"
    lines["versions"] = ", ".join(f"{name} {number}" for name, number in (facts.get("versions") or {}).items())
    files = sorted(entry.name for entry in run.path.iterdir() if not entry.name.startswith("."))
    lines["files"] = f"{run.path}: {', '.join(files)} ({format_bytes(run.n_bytes)})"
    lines["next"] = _next(run)
    width = max(map(len, lines))
    typer.echo("\n".join(f"{name:<{width}}  {value}" for name, value in lines.items()))
    if run.curve:
        typer.echo("")
        _print_rows(run.curve)
        _print_curves(run)


def _resumptions(run: RunRecord) -> list[dict[str, Any]]:
    """When it went on after an interruption; that a fork started from another's state is none."""
    return [row for row in run.history if row.get("event") == "restored" and not row.get("is_origin")]


def _resumption(row: dict[str, Any]) -> str:
    """From where a resumption went on, and how exactly."""
    start = f"from {row['checkpoint']}" if row.get("checkpoint") else "from the beginning"
    reasons = row.get("approximate") or []
    return f"{start}, {'approximate: ' + '; '.join(reasons) if reasons else 'exact'}"


def _next(run: RunRecord) -> str:
    """What a user of this run would type next."""
    if run.status is Status.RUNNING:
        return "wait: it is being trained"
    if not run.facts:
        return "its run.json cannot be read: nothing can be done with it"
    if run.status is Status.DIVERGED:
        return recovery_command(run)
    if run.status.is_complete:
        return f"dnnctl report {quote(str(run.path))}, or dnnctl compare {quote(str(run.path))} RUN"
    return f"dnnctl resume {quote(str(run.path))}"


def _print_curves(run: RunRecord) -> None:
    """The loss, on training and validation, over the epochs."""
    if len(run.curve) < MIN_POINTS:
        return
    from dnnctl.cli.curves import draw_run

    typer.echo("")
    typer.echo(draw_run(run.curve))


def _status(run: RunRecord) -> str:
    """The status, with the reason where there is one."""
    reason = run.history[-1].get("reason") if run.history else None
    if run.status in (Status.FAILED, Status.DIVERGED, Status.INTERRUPTED) and reason:
        return f"{run.status}: {reason}"
    return str(run.status)


def _print_rows(rows: list[dict[str, Any]]) -> None:
    shown = rows if len(rows) <= MAX_ROWS else [*rows[: MAX_ROWS // 2], *rows[-MAX_ROWS // 2 :]]
    header = list(rows[-1])
    cells = [[_cell(name, row.get(name)) for name in header] for row in shown]
    if len(shown) < len(rows):
        cells.insert(MAX_ROWS // 2, ["…"] * len(header))
    print_table(header, cells, right=header)


def _cell(name: str, value: Any) -> str:
    if name in ("epoch", "step", "phase"):
        return str(value)
    return f"{value:.3g}" if name == "learning_rate" else format_number(value)
