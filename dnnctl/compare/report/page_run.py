"""The section of a report about one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from dnnctl.compare.diagnostics import (
    Bin,
    Mistake,
    by_label,
    calibration,
    calibration_error,
    confusion,
    surest_mistakes,
)
from dnnctl.compare.group import Group
from dnnctl.compare.report.markup import table
from dnnctl.compare.scores import NoPredictions, Predictions, read_predictions
from dnnctl.store.difference import in_words
from dnnctl.store.record import RunRecord
from dnnctl.text import format_number

MAX_CLASSES = 30
"""The maximum number of classes for which the confusion matrix is shown."""
ROLE = "test"


@dataclass(frozen=True)
class Mistakes:
    """The wrong predictions with the highest confidence, with images."""

    mistakes: Sequence[Mistake] = ()
    pictures: Sequence[str] = ()
    """The image of each, as a URL."""
    reason: str = ""
    """Why there are no images."""


@dataclass
class Drawn:
    """The data of the page's charts."""

    curves: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[dict[str, Any]] = field(default_factory=list)


def describe_run(group: Group, run: RunRecord, mistakes: Mistakes, data: Drawn, colour: str, *, is_open: bool) -> str:
    """A run's section; the data of its charts are added to `data`."""
    found = read_predictions(run, ROLE)
    parts = [_lineage(run)]
    if isinstance(found, NoPredictions):
        parts += [f"<p class='note'>This run {escape(found.reason)}.</p>"] if found.is_fault else []
    elif found.is_classes:
        parts += [_confusion(found), _calibration(run, found, data, colour), _mistakes(found, mistakes)]
    elif found.task == "labels":
        parts.append(_labels(found))
    parts += [_layers(run), _environment(run)]
    title = escape(f"{group.label}  {run.id}")
    return f"<details{' open' if is_open else ''}><summary>{title}</summary>{''.join(parts)}</details>"


def _lineage(run: RunRecord) -> str:
    """The runs that it was forked from, reuses or was pruned from."""
    lines = []
    parent, reuse, pruned = run.facts.parent, run.facts.reuse, run.facts.pruned
    if parent:
        changed = ", ".join(f"{c.path} {in_words(c.before)} → {in_words(c.after)}" for c in parent.changes)
        lines.append(f"Forked from {parent.run} at {parent.checkpoint}: {changed or 'no changes'}.")
    if reuse:
        lines.append(f"Started with the weights of {', '.join(reuse.layers)} from {reuse.run or reuse.path}.")
    if pruned:
        lines.append(f"Pruned from {pruned.run}: {pruned.sparsity:.1%} of the kernel weights are zero.")
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _confusion(found: Predictions) -> str:
    counts = confusion(found)
    if len(counts) > MAX_CLASSES:
        return f"<p>{len(counts)} classes: too many to show a confusion matrix.</p>"
    names = [_class_name(found, index) for index in range(len(counts))]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = []
    for name, row in zip(names, counts, strict=True):
        share = row / max(1, row.sum())
        cells = "".join(
            f'<td style="background: rgba(var(--cell), {0.65 * part:.2f})">{n}</td>'
            for n, part in zip(row, share, strict=True)
        )
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return (
        "<h3>Confusion matrix</h3><div class='scroll'><table class='confusion'>"
        "<caption>Test examples by class (row) and "
        f"predicted class (column)</caption><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}"
        "</tbody></table></div>"
    )


def _labels(found: Predictions) -> str:
    rows = [
        [each.name, f"{each.n:,}", *(format_number(value) for value in (each.accuracy, each.precision, each.recall))]
        for each in by_label(found)
    ]
    return "<h3>Labels</h3>" + table("Test examples", ["label", "examples", "accuracy", "precision", "recall"], rows)


def _calibration(run: RunRecord, found: Predictions, data: Drawn, colour: str) -> str:
    bins: list[Bin] = calibration(found)
    if not bins:
        return ""
    key = f"calibration-{len(data.calibration)}"
    columns = {name: [getattr(each, name) for each in bins] for name in ("confidence", "accuracy", "n")}
    data.calibration.append({"id": key, "label": run.name, "colour": colour, **columns})
    error = f"The expected calibration error is {calibration_error(bins):.3f}."
    return (
        f'<h3>Calibration</h3><p>{error}</p><div id="{key}" class="chart small" role="img" aria-label="{error}"></div>'
    )


def _mistakes(found: Predictions, mistakes: Mistakes) -> str:
    if not mistakes.pictures:
        return f"<p class='note'>No images of mistakes: {escape(mistakes.reason)}.</p>" if mistakes.reason else ""
    items = []
    for each, picture in zip(mistakes.mistakes, mistakes.pictures, strict=True):
        predicted, label = _class_name(found, each.predicted), _class_name(found, each.label)
        text = escape(f"predicted {predicted} ({each.confidence:.0%}), correct: {label}")
        items.append(f'<li><img src="{picture}" alt="test example {each.index}: {text}">{text}</li>')
    return f'<h3>Most confident mistakes</h3><ul class="pictures">{"".join(items)}</ul>'


def _class_name(found: Predictions, index: int) -> str:
    return found.class_names[index] if index < len(found.class_names) else str(index)


def _layers(run: RunRecord) -> str:
    rows = [[layer.name, layer.shape, f"{layer.parameters:,}"] for layer in run.facts.layers]
    return "<h3>Layers</h3>" + table("", ["layer", "output", "parameters"], rows) if rows else ""


def _environment(run: RunRecord) -> str:
    facts = run.facts
    rows = [[name, str(value)] for name, value in facts.versions.items()]
    rows += [
        ["device", facts.device.name if facts.device else "—"],
        ["compilation", f"{facts.compile.mode} ({facts.compile.reason})" if facts.compile else "—"],
        ["host", f"{facts.host}, {facts.platform}"],
        ["git commit", facts.git.commit if facts.git else "—"],
        ["command", " ".join(facts.command)],
        ["data digest", facts.data.digest if facts.data else "—"],
        ["state digest", (run.summary.state if run.summary else None) or "—"],
    ]
    return "<h3>Environment</h3>" + table("", ["", ""], rows)


def mistakes_of(run: RunRecord) -> list[Mistake]:
    """The wrong predictions on test data with the highest confidence."""
    found = read_predictions(run, ROLE)
    return surest_mistakes(found) if isinstance(found, Predictions) and found.is_classes else []
