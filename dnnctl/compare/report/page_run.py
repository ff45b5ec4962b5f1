"""The section of a report about one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from dnnctl.advice.training import advise
from dnnctl.compare.diagnostics import Mistake, surest_mistakes
from dnnctl.compare.group import Group
from dnnctl.compare.report.chart import Charts
from dnnctl.compare.report.classes import class_name, describe_classes
from dnnctl.compare.report.labels import describe_labels
from dnnctl.compare.report.markup import table
from dnnctl.compare.report.numbers import describe_numbers
from dnnctl.compare.report.probed_epochs import describe_probed
from dnnctl.compare.scores import NoPredictions, Predictions, read_predictions
from dnnctl.store.columns import spec_value
from dnnctl.store.difference import in_words
from dnnctl.store.recipe import repetition
from dnnctl.store.record import RunRecord
from dnnctl.store.roll_back import roll_back_in_words


@dataclass(frozen=True)
class Mistakes:
    """The wrong predictions with the highest confidence, with images."""

    mistakes: Sequence[Mistake] = ()
    pictures: Sequence[str] = ()
    """The image of each, as a URL."""
    reason: str = ""
    """Why there are no images."""


def describe_run(
    group: Group, run: RunRecord, mistakes: Mistakes, charts: Charts, colour: str, *, is_open: bool
) -> str:
    """A run's section; its charts are added to `charts`."""
    note = f"<p class='note'>{escape(run.labels.note)}</p>" if run.labels.note else ""
    parts = [note, _lineage(run), *_predicted(run, mistakes, charts, colour), _layers(run), describe_probed(run.probed)]
    parts.append(_environment(run))
    seed = f", {repetition(run)}" if len(group.runs) > 1 else ""
    title = f"{escape(group.label + seed)} <code>{escape(run.id)}</code>"
    return f"<details{' open' if is_open else ''}><summary>{title}</summary>{''.join(parts)}</details>"


def _predicted(run: RunRecord, mistakes: Mistakes, charts: Charts, colour: str) -> list[str]:
    """What the predictions on test examples show, or else those on validation examples."""
    role, found = predictions_of(run)
    if isinstance(found, NoPredictions):
        return [f"<p class='note'>This run {escape(found.reason)}.</p>"] if found.is_fault else []
    if not np.isfinite(found.predicted).all():
        return [f"<p class='note'>Some predictions on {role} data are infinite or NaN; they are not drawn.</p>"]
    counts = run.facts.target.counts if run.facts.target else {}
    if found.is_classes:
        validation = read_predictions(run, "validation")
        chosen = validation if isinstance(validation, Predictions) else None
        return [*describe_classes(found, chosen, counts, role, charts, colour), _mistakes(found, mistakes)]
    if found.task == "labels":
        return describe_labels(found, counts, role, charts)
    return describe_numbers(found, _targets(run), role, charts, colour)


def predictions_of(run: RunRecord) -> tuple[str, Predictions | NoPredictions]:
    """The split whose predictions are shown, and these: test, or validation if there are none on test data."""
    found = read_predictions(run, "test")
    if isinstance(found, NoPredictions) and not found.is_fault:
        other = read_predictions(run, "validation")
        if isinstance(other, Predictions):
            return "validation", other
    return "test", found


def _targets(run: RunRecord) -> list[str]:
    """The names of the predicted columns; empty if the data have none."""
    if run.facts.target is not None and run.facts.target.names:
        return list(run.facts.target.names)
    named = spec_value(run.spec, "data.source.target")
    return [named] if isinstance(named, str) and named != "auto" else []


def _lineage(run: RunRecord) -> str:
    """The runs that it was forked from, reuses or was pruned from, its roll-backs, and advice about its training."""
    lines = []
    parent, reuse, pruned = run.facts.parent, run.facts.reuse, run.facts.pruned
    if parent:
        changed = ", ".join(f"{c.path} {in_words(c.before)} → {in_words(c.after)}" for c in parent.changes)
        lines.append(f"Forked from {parent.run} at {parent.checkpoint}: {changed or 'no changes'}.")
    if reuse:
        lines.append(f"Started with the weights of {', '.join(reuse.layers)} from {reuse.run or reuse.path}.")
    if pruned:
        lines.append(f"Pruned from {pruned.run}: {pruned.sparsity:.1%} of the kernel weights are zero.")
    lines += [f"Rolled back {roll_back_in_words(entry)}" for entry in run.roll_backs]
    lines += [f"Advice: {each}" for each in advise(run)]
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _mistakes(found: Predictions, mistakes: Mistakes) -> str:
    if not mistakes.pictures:
        return f"<p class='note'>No images of mistakes: {escape(mistakes.reason)}.</p>" if mistakes.reason else ""
    items = []
    for each, picture in zip(mistakes.mistakes, mistakes.pictures, strict=True):
        predicted, label = class_name(found, each.predicted), class_name(found, each.label)
        text = escape(f"predicted {predicted} ({each.confidence:.0%}), correct: {label}")
        items.append(f'<li><img src="{picture}" alt="test example {each.index}: {text}">{text}</li>')
    return f'<h3>Most confident mistakes</h3><ul class="pictures">{"".join(items)}</ul>'


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
    found = read_predictions(run, "test")
    return surest_mistakes(found) if isinstance(found, Predictions) and found.is_classes else []
