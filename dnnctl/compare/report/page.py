"""The page of a report on runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from typing import Any

from dnnctl.compare.comparison import Comparison, Result
from dnnctl.compare.group import Group, Spread
from dnnctl.compare.paired_tests import CONFIDENCE, bootstrap_means
from dnnctl.compare.report.chart import MAX_POINTS, Charts, colour_of, focus
from dnnctl.compare.report.document import build_document
from dnnctl.compare.report.markup import table
from dnnctl.compare.report.page_run import Mistakes, describe_run
from dnnctl.compare.report.recipe import MAX_COLUMNS, describe_recipes
from dnnctl.compare.scores import Scores, score
from dnnctl.compare.t_tests import interval_of_mean
from dnnctl.store.difference import in_words
from dnnctl.store.metrics import NO_METRICS, NO_SCALARS, finite
from dnnctl.store.recipe import repetition
from dnnctl.store.record import RunRecord
from dnnctl.text import format_count, format_number

MAX_TITLE = 4
"""The maximum number of names in the title."""
MAX_VERDICTS = 6
"""More verdicts are folded."""
AXES = ("epoch", "time")
NEVER_FAR = (*NO_METRICS, *AXES)
"""What is drawn completely, however different the runs are."""
SMOOTHING = "0 draws the values; near 1 draws the mean of many epochs"


def build_page(comparison: Comparison, mistakes: Mapping[str, Mistakes]) -> str:
    """The report as HTML.

    Args:
        comparison: the runs, in groups that are labeled by name.
        mistakes: the most confident wrong predictions of each run, with their images, by run id.
    """
    charts = Charts()
    runs = [(group, run) for group in comparison.groups for run in group.runs]
    colours = {group.label: colour_of(place) for place, group in enumerate(comparison.groups)}
    for group, run in runs:
        charts.curves += _curve(group, run, colours[group.label])
    charts.limits = _limits(charts.curves)
    parts = [
        _opening(comparison, charts),
        _verdicts(comparison),
        _results(comparison),
        _differences(comparison),
        _overview(comparison),
        "<h2>Details of each run</h2>",
        *(
            describe_run(group, run, mistakes.get(run.id, Mistakes()), charts, colours[group.label], is_open=place == 0)
            for place, (group, run) in enumerate(runs)
        ),
    ]
    return build_document(_title(runs), parts, charts)


def _title(runs: list[tuple[Group, RunRecord]]) -> str:
    names = list(dict.fromkeys(run.name or run.id for _, run in runs))
    if len(names) > MAX_TITLE:
        return f"{', '.join(names[: MAX_TITLE - 1])} and {len(names) - MAX_TITLE + 1} more"
    return " and ".join(names)


def _opening(comparison: Comparison, charts: Charts) -> str:
    """The recipes and the learning curves; side by side, if the recipes are few."""
    kind = "opening" if len(comparison.groups) <= MAX_COLUMNS else "opening many"
    return (
        f'<div class="{kind}"><section><h2 id="recipe">Recipe</h2>{describe_recipes(comparison.groups)}</section>'
        f"<section><h2>Learning curves</h2>{_curves(charts)}</section></div>"
    )


def _overview(comparison: Comparison) -> str:
    rows = [
        [
            group.label,
            run.id,
            str(run.status),
            "" if run.facts.seed is None else str(run.facts.seed),
            run.created[:16].replace("T", " "),
            ", ".join(run.labels.tags),
            " ".join(run.labels.note.split()),
        ]
        for group in comparison.groups
        for run in group.runs
    ]
    header = ["name", "run", "status", "seed", "created", "tags", "note"]
    kept = [place for place in range(len(header)) if place < 5 or any(row[place] for row in rows)]
    return "<h2>Runs</h2>" + table(
        "", [header[place] for place in kept], [[row[place] for place in kept] for row in rows], kind="runs"
    )


def _verdicts(comparison: Comparison) -> str:
    best = [f'<p class="verdict">{escape(comparison.best)}.</p>'] if comparison.best else []
    tested = "".join(f'<p class="verdict">{escape(str(verdict))}.</p>' for verdict in comparison.verdicts)
    if len(comparison.verdicts) > MAX_VERDICTS:
        summary = format_count(len(comparison.verdicts), "comparison")
        tested = f"<details><summary>{summary}</summary>{tested}</details>"
    lines = [*best, *([tested] if tested else [])]
    notes = [f'<p class="note">{escape(note)}</p>' for note in comparison.notes]
    title = "Verdict" if lines else "Notes"
    return f"<h2>{title}</h2>\n" + "\n".join([*lines, *notes]) if lines or notes else ""


def _results(comparison: Comparison) -> str:
    rows = []
    for result in comparison.results:
        cells = [
            f'<td class="number{" best" if place == result.best else ""}">{escape(_figure(group, spread, result))}</td>'
            for place, (group, spread) in enumerate(zip(comparison.groups, result.spreads, strict=True))
        ]
        rows.append(f'<tr><th scope="row">{escape(result.name)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col" class="number">{escape(_header(group))}</th>' for group in comparison.groups)
    best = "The best value is bold. " if len(comparison.groups) > 1 else ""
    caption = f"{best}Brackets show the 95 % interval: over seeds, or over examples if there is one seed."
    return (
        f'<h2 id="results">Results</h2><p class="note">{caption}</p><div class="scroll"><table>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _header(group: Group) -> str:
    return group.label if len(group.runs) == 1 else f"{group.label} ({format_count(len(group.runs), 'run')})"


def _figure(group: Group, spread: Spread, result: Result) -> str:
    if spread.mean is None:
        return "—"
    role, _, metric = result.name.partition(" ")
    is_count = all(value == int(value) for value in spread.values) and role not in ("test", "validation", "last")
    text = f"{spread.mean:,.{0 if spread.mean == int(spread.mean) else 1}f}" if is_count else format_number(spread.mean)
    interval = _interval(group, spread, role, metric)
    return text if interval is None else f"{text} [{format_number(interval[0])}, {format_number(interval[1])}]"


def _interval(group: Group, spread: Spread, role: str, metric: str) -> tuple[float, float] | None:
    if role not in ("test", "validation"):
        return None
    if len(spread.values) > 1:
        return interval_of_mean(spread.values)
    scores = score(group.first, role) if len(group.runs) == 1 else None
    if not isinstance(scores, Scores) or metric not in scores.values:
        return None
    means = sorted(bootstrap_means(scores.values[metric]))
    beyond = round(len(means) * (1 - CONFIDENCE) / 2)
    return means[beyond], means[-1 - beyond]


def _curve(group: Group, run: RunRecord, colour: str) -> list[dict[str, Any]]:
    rows = run.curve
    if not rows:
        return []
    seconds = list(accumulate(finite(row.get("seconds")) or 0.0 for row in rows))
    stride = -(-len(rows) // MAX_POINTS)
    kept = sorted({*range(0, len(rows), stride), len(rows) - 1})
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in NO_SCALARS]
    columns = {name: [finite(rows[i].get(name)) for i in kept] for name in ("epoch", *names)}
    columns["time"] = [round(seconds[i], 3) for i in kept]
    label = group.label if len(group.runs) == 1 else f"{group.label}, {repetition(run)}"
    is_first = run is group.first
    return [{"label": label, "group": group.label, "is_first": is_first, "colour": colour, "rows": columns}]


def _limits(curves: Sequence[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """The ranges of the axes of metrics in which some runs, such as diverging ones, are far from the others."""
    found: dict[str, list[list[float]]] = {}
    for run in curves:
        for name, column in run["rows"].items():
            found.setdefault(name.removeprefix("val_"), []).append([value for value in column if value is not None])
    known = {name: [column for column in columns if column] for name, columns in found.items() if name not in NEVER_FAR}
    ranges = {name: focus([*map(min, columns)], [*map(max, columns)]) for name, columns in known.items() if columns}
    return {name: limits for name, limits in ranges.items() if limits is not None}


def _curves(charts: Charts) -> str:
    found = {name.removeprefix("val_"): None for run in charts.curves for name in run["rows"] if name not in AXES}
    names = sorted(found, key=lambda name: (name in NO_METRICS, list(found).index(name)))
    if not names:
        return "<p>No epoch has finished.</p>"
    options = "".join(f'<option value="{escape(name)}">{escape(name)}</option>' for name in names)
    return (
        f'<div class="controls"><label>Metric <select id="metric">{options}</select></label>'
        '<label>x axis <select id="axis"><option value="epoch">epochs</option>'
        '<option value="time">time</option></select></label>'
        '<label><input type="checkbox" id="log"> log y axis</label>'
        '<label><input type="checkbox" id="training" checked> training</label>'
        f'<label title="{SMOOTHING}">smoothing <input type="range" id="smoothing" min="0" max="0.95" step="0.05" '
        'value="0"></label></div>'
        '<div id="curves" class="chart" role="img" aria-label="The chosen metric of each '
        'run over epochs or time; the results table has the final values"></div>'
        '<p id="outside" class="note" hidden></p>'
    )


def _differences(comparison: Comparison) -> str:
    if len(comparison.groups) < 2:
        return ""
    rows = [[each.path, *map(in_words, each.values)] for each in comparison.differences]
    if not rows:
        return "<h2>What differs</h2><p>Nothing in the spec.</p>"
    labels = [group.label for group in comparison.groups]
    return "<h2>What differs</h2>" + table("The keys of the spec that differ", ["key", *labels], rows)
