"""`dnnctl show`: one run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from shlex import quote
from typing import Annotated, Any

import typer

from dnnctl.advice.training import advise
from dnnctl.cli.choose_runs import sweep_of
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.printing import print_drawing, print_json, print_text
from dnnctl.cli.probed_epochs import print_probed
from dnnctl.cli.table import format_column, print_fitting, print_table, terminal_width, wrap_text
from dnnctl.errors import UserError
from dnnctl.events.data_wording import measured_baseline, trivial_prediction
from dnnctl.events.sweep_wording import trial_in_words
from dnnctl.store.advice import recovery_command, resume_command
from dnnctl.store.catalog import load_run
from dnnctl.store.columns import spec_value
from dnnctl.store.facts import HistoryEntry
from dnnctl.store.json_object import plain
from dnnctl.store.metrics import NO_METRICS, finite, format_metrics
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.roll_back import roll_back_in_words
from dnnctl.text import format_bytes, format_count, format_seconds, visible

MAX_ROWS = 12
MAX_LAYERS = 30
MIN_POINTS = 2
"""The minimum number of rows for a curve."""
MAX_READ = 1 << 25
"""Of models with more bytes only the size is compared with that at the end of training."""
ROLES = ("validation", "test")


def show_command(
    run: RunReference = "last",
    is_followed: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Show epochs as they end, until the run ends. Ctrl-C stops only this."),
    ] = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Show a run: its status, origin, metrics, layers and files. With --follow, watch it while it is trained.

    The name of a sweep shows its trials and what it claims.
    """
    with failures_reported(as_json=as_json):
        if trials := sweep_of(run, runs_dir):
            if is_followed:
                raise UserError(f"--follow shows one run, and {run} is a sweep. Its runs: dnnctl list --sweep {run}")
            from dnnctl.cli.show_sweep import show_sweep

            show_sweep(trials, as_json=as_json)
            return
        record = load_run(run, runs_dir, notify=print_notice)
        if is_followed:
            from dnnctl.cli.follow import follow_run

            follow_run(record, as_json=as_json)
        elif as_json:
            print_json(as_object(record), indent=2)
        else:
            _print(record)


def as_object(run: RunRecord) -> dict[str, Any]:
    """The content of the run's files as one JSON object."""
    facts = {key: value for key, value in plain(run.facts).items() if key != "id"}
    return {
        "run": run.id,
        "path": str(run.path),
        "tags": list(run.labels.tags),
        "note": run.labels.note,
        "status": str(run.status),
        "damaged": run.damages,
        "altered": changed_files(run),
        **facts,
        "name": run.name,
        "summary": plain(run.summary),
        "history": plain(run.history),
        "metrics": run.rows,
        "pretraining": run.pretraining or None,
        "probe": run.probe_rows or None,
        "advice": plain(advise(run)),
    }


def changed_files(run: RunRecord) -> dict[str, str]:
    """What has happened to the run's files since training, by name. Large models are not read."""
    models = (run.folder.model, run.folder.last_model)
    found = {path.name: run.change_of(path, max_bytes=MAX_READ) for path in models}
    return {**run.altered, **{name: change for name, change in found.items() if change is not None}}


def _print(run: RunRecord) -> None:
    lines = {
        **_identity(run),
        **_changes(run),
        **_origins(run),
        **_result(run),
        **_roll_backs(run),
        **_advice(run),
        **_surroundings(run),
    }
    lines["next"] = _next(run)
    lines = {visible(name): value for name, value in lines.items()}
    width = max(map(len, lines))
    for name, value in lines.items():
        print_text(f"{name:<{width}}  {wrap_text(value, terminal_width(), indent=width + 2)}")
    if run.facts.layers:
        print_text()
        _print_layers(run)
    if run.curve:
        print_text()
        _print_rows(run.curve)
        _print_curves(run)
    if run.probed:
        print_text()
        print_probed(run.probed)


def _identity(run: RunRecord) -> dict[str, str]:
    """What the run is."""
    facts = run.facts
    damages = {f"damaged ({number})": damage for number, damage in enumerate(run.damages, 1)}
    compiled = facts.compile.mode if facts.compile else "?"
    return {
        "run": run.id,
        **_labels(run),
        "status": _status(run),
        **damages,
        "created": f"{run.created[:19]} on {facts.host or '?'}",
        "command": " ".join(facts.command),
        "trained on": f"{facts.device.name}, {compiled}" if facts.device else "—",
        "parameters": "—" if facts.parameters is None else f"{facts.parameters:,}",
    }


def _labels(run: RunRecord) -> dict[str, str]:
    """What a user has said about the run."""
    labels = run.labels
    name = f"{run.name} (renamed from {run.first_name})" if labels.name else ""
    lines = {"name": name, "tags": ", ".join(labels.tags), "note": " ".join(labels.note.split())}
    return {key: value for key, value in lines.items() if value}


def _changes(run: RunRecord) -> dict[str, str]:
    """The files that are not as training wrote them, by what has happened to them."""
    changes: dict[str, list[str]] = {}
    for name, change in changed_files(run).items():
        changes.setdefault(change.partition(" ")[0], []).append(name)
    return {change: f"{', '.join(names)} (since training)" for change, names in changes.items()}


def _origins(run: RunRecord) -> dict[str, str]:
    """The runs that it was forked from, reuses or was pruned from, and its pretraining."""
    lines = {}
    parent, reuse, pruned, trial = run.facts.parent, run.facts.reuse, run.facts.pruned, run.facts.trial
    if trial:
        lines["sweep"] = f"{trial.sweep}, {trial_in_words(trial.number, trial.confirms)}"
    if trial and trial.stopped is not None:
        lines["stopped"] = f"by the sweep: {trial.reason}"
    if parent:
        lines["forked from"] = f"{parent.run} at {parent.checkpoint}"
        for change in parent.changes:
            lines[f"  {change.path}"] = str(change).partition(": ")[2]
    if reuse:
        lines["reuses"] = f"{', '.join(reuse.layers)} of {reuse.run or reuse.path}"
    for part, rows in groupby(run.pretraining, key=lambda row: row.get("part", "")):
        last = list(rows)[-1]
        lines[f"pretraining {part}".strip()] = f"{format_metrics(last)} after {format_count(last['epoch'], 'epoch')}"
    if pruned:
        lines["pruned from"] = f"{pruned.run}: {pruned.sparsity:.1%} of the kernel weights are zero"
    return lines


def _result(run: RunRecord) -> dict[str, str]:
    """The metrics of the best weights, and of those of the last epoch if they differ."""
    summary = run.summary
    if summary is None:
        return {}
    lines = {"best epoch": f"{summary.best_epoch} of {summary.epochs} by {summary.monitor}"}
    lines |= {role: format_metrics(metrics) for role in ROLES if (metrics := summary.measured(role))}
    each_target = summary.targets.get(summary.result_split, {})
    lines |= {f"  {name}": format_metrics(metrics) for name, metrics in each_target.items()}
    last = summary.last
    if last is not None and last.epoch != summary.best_epoch:
        measured = {"validation": last.validation, "test": last.test}
        lines |= {f"last epoch, {role}": format_metrics(metrics) for role, metrics in measured.items() if metrics}
    if (baseline := measured_baseline(summary)) is not None:
        role, metrics = baseline
        lines["baseline"] = f"{role} {format_metrics(metrics)}, always {trivial_prediction(summary.task or '')}"
    seconds = finite(summary.seconds)
    if seconds is not None:
        lines["time"] = format_seconds(seconds)
    return lines


def _roll_backs(run: RunRecord) -> dict[str, str]:
    """Where training went back after the loss diverged."""
    return {f"rolled back ({number})": roll_back_in_words(entry) for number, entry in enumerate(run.roll_backs, 1)}


def _advice(run: RunRecord) -> dict[str, str]:
    """What the curves show, and what to change in the spec."""
    return {f"advice ({number})": str(each) for number, each in enumerate(advise(run), 1)}


def _surroundings(run: RunRecord) -> dict[str, str]:
    """How the run was resumed, and what its exact result depends on."""
    facts = run.facts
    lines = {f"resumed ({number})": _resumption(entry) for number, entry in enumerate(_resumptions(run), 1)}
    digest = facts.data.digest[:12] if facts.data else "—"
    lines["data"] = f"{spec_value(run.spec, 'data.source.kind') or '—'}, digest {digest}"
    lines["versions"] = ", ".join(f"{name} {number}" for name, number in facts.versions.items())
    files = sorted(entry.name for entry in run.path.iterdir() if not entry.name.startswith("."))
    lines["files"] = f"{run.path}: {', '.join(files)} ({format_bytes(run.n_bytes)})"
    return lines


def _resumptions(run: RunRecord) -> list[HistoryEntry]:
    """The resumptions after interruptions, without the start of a fork."""
    return [entry for entry in run.history if entry.event == "restored" and not entry.is_origin]


def _resumption(entry: HistoryEntry) -> str:
    """Where training continued, and whether exactly."""
    start = f"from {entry.checkpoint}" if entry.checkpoint else "from scratch"
    return f"{start}, {'approximate: ' + '; '.join(entry.approximate) if entry.approximate else 'exact'}"


def _next(run: RunRecord) -> str:
    """The command that a user of this run may need next."""
    if run.status is Status.RUNNING:
        return f"dnnctl show {quote(str(run.path))} --follow"
    if run.damages:
        return f"dnnctl remove {quote(str(run.path))} (the run is damaged)"
    if run.status is Status.DIVERGED:
        return recovery_command(run)
    if run.status.is_complete:
        return f"dnnctl report {quote(str(run.path))}, or dnnctl compare {quote(str(run.path))} RUN"
    return resume_command(run)


def _print_curves(run: RunRecord) -> None:
    """The loss, on training and validation, over the epochs."""
    if len(run.curve) < MIN_POINTS:
        return
    from dnnctl.commands.curves import draw_run

    print_text()
    print_drawing(draw_run(run.curve))


def _status(run: RunRecord) -> str:
    """The status, with the reason where there is one."""
    reason = run.last_training.reason if run.last_training else None
    if run.status in (Status.FAILED, Status.DIVERGED, Status.INTERRUPTED) and reason:
        return f"{run.status}: {reason}"
    return str(run.status)


def _print_layers(run: RunRecord) -> None:
    """The layers by name, as `training.phases` and `model.reuse` call them."""
    layers = run.facts.layers
    shown = layers if len(layers) <= MAX_LAYERS else [*layers[: MAX_LAYERS // 2], *layers[-MAX_LAYERS // 2 :]]
    rows = [[layer.name, layer.shape, f"{layer.parameters:,}"] for layer in shown]
    if len(shown) < len(layers):
        rows.insert(MAX_LAYERS // 2, ["…", "", ""])
    print_table(["layer", "output", "parameters"], rows, right=["parameters"])


def _print_rows(rows: list[dict[str, Any]]) -> None:
    shown = rows if len(rows) <= MAX_ROWS else [*rows[: MAX_ROWS // 2], *rows[-MAX_ROWS // 2 :]]
    header = list(rows[-1])
    columns = [_column(name, [row.get(name) for row in shown]) for name in header]
    if len(shown) < len(rows):
        for column in columns:
            column.insert(MAX_ROWS // 2, "…")
    texts = dict(zip(header, columns, strict=True))
    print_fitting(texts, _most_important_first(header), "--json shows all", header)


def _most_important_first(header: Sequence[str]) -> list[str]:
    """The columns of a row: losses, then each metric after its value on validation, then what describes the epoch."""
    metrics = [name for name in header if name not in NO_METRICS and not name.startswith("val_")]
    first = ["epoch", "phase", *(name for metric in metrics[:2] for name in (f"val_{metric}", metric))]
    rest = (name for metric in metrics[2:] for name in (f"val_{metric}", metric))
    order = dict.fromkeys([*first, "learning_rate", "seconds", "step", *rest, *header])
    return [name for name in order if name in header]


def _column(name: str, values: list[Any]) -> list[str]:
    """The cells of a column: whole numbers, or all in one notation."""
    if name in ("epoch", "step", "phase"):
        return ["—" if value is None else str(value) for value in values]
    numbers = [finite(value) for value in values]
    if name == "learning_rate":
        notation = ".2e" if any("e" in f"{value or 0:.3g}" for value in numbers) else ".3g"
        return ["—" if value is None else f"{value:{notation}}" for value in numbers]
    return format_column(numbers)
