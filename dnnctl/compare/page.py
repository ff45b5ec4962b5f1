"""A report: one HTML file that holds everything it shows, its charts too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path
from string import Template
from typing import Any

from dnnctl.compare.comparison import Comparison, Result
from dnnctl.compare.evidence import Bin, Mistake, calibration, calibration_error, confusion, surest_mistakes
from dnnctl.compare.group import Group, Spread
from dnnctl.compare.paired import CONFIDENCE, bootstrap_means
from dnnctl.compare.scores import Predictions, read_predictions, score
from dnnctl.compare.seeds import interval_of_mean
from dnnctl.errors import UserError
from dnnctl.store.creation import installed_version
from dnnctl.store.difference import in_words
from dnnctl.store.metrics import NO_METRICS
from dnnctl.store.numbers import format_number
from dnnctl.store.record import RunRecord

COLOURS = ("#3b7ddd", "#e07b39", "#3aa76d", "#b65fcf", "#d1495b", "#7a8b99", "#c9a227", "#4bb3c3")
"""Readable on light and on dark paper."""
MAX_POINTS = 1000
"""Of a curve."""
MAX_CLASSES = 30
"""With more of them a confusion matrix is no table any more."""
ROLE = "test"


@dataclass(frozen=True)
class Mistakes:
    """The examples that a run is surely wrong about, as pictures."""

    mistakes: Sequence[Mistake] = ()
    pictures: Sequence[str] = ()
    """For each its image, as a URL."""
    reason: str = ""
    """Why there are none."""


@dataclass
class _Data:
    """What the page's script draws."""

    curves: list[dict[str, Any]] = field(default_factory=list)
    calibration: list[dict[str, Any]] = field(default_factory=list)


def plotly_script() -> str:
    """The source of plotly.js.

    Raises:
        UserError: plotly is not installed.
    """
    found = find_spec("plotly")
    path = Path(found.origin).parent / "package_data" / "plotly.min.js" if found and found.origin else None
    if path is None or not path.is_file():
        raise UserError("A report needs plotly. Install it: pip install 'dnnctl[report]'")
    return path.read_text(encoding="utf-8")


def build_page(comparison: Comparison, mistakes: Mapping[str, Mistakes]) -> str:
    """The report as HTML.

    Args:
        mistakes: for a run's id the pictures of what it is surely wrong about.
    """
    data = _Data()
    runs = [(group, run) for group in comparison.groups for run in group.runs]
    colours = {group.label: COLOURS[place % len(COLOURS)] for place, group in enumerate(comparison.groups)}
    for group, run in runs:
        data.curves += _curve(group, run, colours[group.label])
    parts = [
        _overview(comparison),
        _verdicts(comparison),
        _results(comparison),
        _curves(data),
        _differences(comparison),
        "<h2>Each run</h2>",
        *(
            _run(group, run, mistakes.get(run.id, Mistakes()), data, colours[group.label], is_open=place == 0)
            for place, (group, run) in enumerate(runs)
        ),
    ]
    here = files("dnnctl.compare")
    title = " and ".join(dict.fromkeys(run.name or run.id for _, run in runs))
    template = Template((here / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        style=(here / "page.css").read_text(encoding="utf-8"),
        body="\n".join(parts),
        version=str(installed_version("dnnctl")),
        data=_inside_script(vars(data)),
        plotly=plotly_script(),
        script=(here / "page.js").read_text(encoding="utf-8"),
    )


def _inside_script(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _overview(comparison: Comparison) -> str:
    rows = [
        [
            group.label,
            run.id,
            run.name,
            str(run.status),
            str(run.facts.get("seed", "")),
            run.created[:16].replace("T", " "),
        ]
        for group in comparison.groups
        for run in group.runs
    ]
    return _table("The runs", ["", "run", "name", "status", "seed", "made"], rows)


def _verdicts(comparison: Comparison) -> str:
    lines = [f'<p class="verdict">{escape(str(verdict))}.</p>' for verdict in comparison.verdicts]
    lines += [f'<p class="note">{escape(note)}</p>' for note in comparison.notes]
    return "<h2>Does it mean anything?</h2>\n" + "\n".join(lines) if lines else ""


def _results(comparison: Comparison) -> str:
    labels = [group.label for group in comparison.groups]
    rows = []
    for result in comparison.results:
        cells = [
            f'<td class="number{" best" if place == result.best else ""}">{escape(_figure(group, spread, result))}</td>'
            for place, (group, spread) in enumerate(zip(comparison.groups, result.spreads, strict=True))
        ]
        rows.append(f'<tr><th scope="row">{escape(result.name)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col" class="number">{escape(label)}</th>' for label in labels)
    caption = "The best in bold; in brackets the 95 % interval, over seeds or, of one seed, over the examples"
    return (
        f'<h2 id="results">What came out</h2><div class="scroll"><table><caption>{caption}</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _figure(group: Group, spread: Spread, result: Result) -> str:
    if spread.mean is None:
        return "—"
    role, _, metric = result.name.partition(" ")
    text = format_number(spread.mean) if spread.mean != int(spread.mean) else f"{spread.mean:,.0f}"
    interval = _interval(group, spread, role, metric)
    return text if interval is None else f"{text} [{format_number(interval[0])}, {format_number(interval[1])}]"


def _interval(group: Group, spread: Spread, role: str, metric: str) -> tuple[float, float] | None:
    if role not in ("test", "validation"):
        return None
    if len(spread.values) > 1:
        return interval_of_mean(spread.values)
    scores = score(group.first, role) if len(group.runs) == 1 else None
    if scores is None or metric not in scores.values:
        return None
    means = sorted(bootstrap_means(scores.values[metric]))
    beyond = round(len(means) * (1 - CONFIDENCE) / 2)
    return means[beyond], means[-1 - beyond]


def _curve(group: Group, run: RunRecord, colour: str) -> list[dict[str, Any]]:
    rows = run.curve
    if not rows:
        return []
    seconds = list(accumulate(row.get("seconds") or 0.0 for row in rows))
    stride = -(-len(rows) // MAX_POINTS)
    kept = sorted({*range(0, len(rows), stride), len(rows) - 1})
    names = [name for name in rows[-1] if name not in ("epoch", "step", "seconds")]
    columns = {name: [rows[i].get(name) for i in kept] for name in ("epoch", *names)}
    columns["time"] = [round(seconds[i], 3) for i in kept]
    label = group.label if len(group.runs) == 1 else f"{group.label}, seed {run.facts.get('seed')}"
    is_first = run is group.first
    return [{"label": label, "group": group.label, "is_first": is_first, "colour": colour, "rows": columns}]


def _curves(data: _Data) -> str:
    found = {
        name.removeprefix("val_"): None for run in data.curves for name in run["rows"] if name not in ("epoch", "time")
    }
    names = sorted(found, key=lambda name: (name in NO_METRICS, list(found).index(name)))
    options = "".join(f'<option value="{escape(name)}">{escape(name)}</option>' for name in names)
    is_empty = "" if names else "<p>No epoch is finished.</p>"
    return (
        f'<h2>Curves</h2>{is_empty}<div class="controls"><label>of <select id="metric">{options}</select></label>'
        '<label>over <select id="axis"><option value="epoch">epochs</option><option value="time">time</option></select>'
        '</label></div><div id="curves" class="chart" role="img" aria-label="The chosen metric of each '
        'run over epochs or time; the last values are in the table of results"></div>'
    )


def _differences(comparison: Comparison) -> str:
    if len(comparison.groups) < 2:
        return ""
    rows = [[each.path, *map(in_words, each.values)] for each in comparison.differences]
    if not rows:
        return "<h2>What differs</h2><p>Nothing in the spec.</p>"
    labels = [group.label for group in comparison.groups]
    return "<h2>What differs</h2>" + _table("The keys of the spec that are not the same", ["key", *labels], rows)


def _run(group: Group, run: RunRecord, mistakes: Mistakes, data: _Data, colour: str, *, is_open: bool) -> str:
    found = read_predictions(run, ROLE)
    parts = [_lineage(run)]
    if found is not None and found.is_classes:
        parts += [_confusion(found), _calibration(run, found, data, colour), _mistakes(found, mistakes)]
    parts += [_layers(run), _environment(run)]
    title = escape(f"{group.label}  {run.id}")
    return f"<details{' open' if is_open else ''}><summary>{title}</summary>{''.join(parts)}</details>"


def _lineage(run: RunRecord) -> str:
    parent = run.facts.get("parent")
    if not parent:
        return ""
    changed = ", ".join(f"{c['path']} {in_words(c['before'])} → {in_words(c['after'])}" for c in parent["changes"])
    text = f"Forked from {parent['run']} at {parent['checkpoint']}: {changed or 'no changes'}."
    return f"<p>{escape(text)}</p>"


def _confusion(found: Predictions) -> str:
    counts = confusion(found)
    if len(counts) > MAX_CLASSES:
        return f"<p>{len(counts)} classes: too many for a table of what is taken for what.</p>"
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
        "<h3>Confusion</h3><div class='scroll'><table class='confusion'><caption>Test examples of each class (row) by "
        f"the class they were taken for (column)</caption><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}"
        "</tbody></table></div>"
    )


def _calibration(run: RunRecord, found: Predictions, data: _Data, colour: str) -> str:
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
        return f"<p class='note'>No pictures of mistakes: {escape(mistakes.reason)}.</p>" if mistakes.reason else ""
    items = []
    for each, picture in zip(mistakes.mistakes, mistakes.pictures, strict=True):
        predicted, label = _class_name(found, each.predicted), _class_name(found, each.label)
        text = escape(f"{predicted} {each.confidence:.0%}, but {label}")
        items.append(f'<li><img src="{picture}" alt="test example {each.index}: {text}">{text}</li>')
    return f'<h3>Surely wrong</h3><ul class="pictures">{"".join(items)}</ul>'


def _class_name(found: Predictions, index: int) -> str:
    return found.class_names[index] if index < len(found.class_names) else str(index)


def _layers(run: RunRecord) -> str:
    rows = [[name, shape, f"{n:,}"] for name, shape, n in run.facts.get("layers") or []]
    return "<h3>Layers</h3>" + _table("", ["layer", "output", "parameters"], rows) if rows else ""


def _environment(run: RunRecord) -> str:
    facts = run.facts
    device, compiled = facts.get("device") or {}, facts.get("compile") or {}
    rows = [[name, str(value)] for name, value in (facts.get("versions") or {}).items()]
    rows += [
        ["device", str(device.get("name", "—"))],
        ["compiled by", f"{compiled.get('mode', '—')} ({compiled.get('reason', '')})"],
        ["host", f"{facts.get('host')}, {facts.get('platform')}"],
        ["git commit", str((facts.get("git") or {}).get("commit", "—"))],
        ["command", " ".join(facts.get("command") or [])],
        ["data digest", str((facts.get("data") or {}).get("digest", "—"))],
        ["state digest", str(run.summary.get("state", "—"))],
    ]
    return "<h3>Environment</h3>" + _table("", ["", ""], rows)


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in header)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def mistakes_of(run: RunRecord) -> list[Mistake]:
    """The test examples that a run is surely wrong about."""
    found = read_predictions(run, ROLE)
    return surest_mistakes(found) if found is not None and found.is_classes else []
