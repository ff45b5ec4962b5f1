"""Parallel coordinates: an axis for each parameter and objective, a line for each trial.

The lines are drawn by levels: plotly's own chart of this kind needs WebGL and `eval`, which a report does not allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnnctl.compare.report.chart import Charts, line
from dnnctl.search.axis import Axis
from dnnctl.search.report.levels import MAX_LINES, Level, levels_of
from dnnctl.search.report.score_axis import ScoreAxis, describe, score_of
from dnnctl.store.trials import Trial

MAX_NAMED = 12
"""The maximum number of values with a name on an axis."""
REM_EACH = 7
"""The width of an axis with its names. A narrow screen scrolls."""


def parallel_chart(axes: Sequence[Axis], scores: Sequence[ScoreAxis], trials: Sequence[Trial], charts: Charts) -> str:
    """The chart. All axes of objectives have the best score at the top."""
    metrics = [score.metric for score in scores]
    levels = levels_of(trials, metrics, MAX_LINES)
    traces = [_lines(level, axes, scores) for level in levels]
    names = [*(axis.name for axis in axes), *(score.metric for score in scores)]
    texts = [text for place, axis in enumerate(axes) for text in _names(place, axis)]
    texts += [text for place, score in enumerate(scores, len(axes)) for text in _ends(place, score)]
    chart = charts.add(
        "A line for each trial through the values of its parameters and its scores; the table has the numbers",
        "",
        "",
        traces,
        kind="wide",
        x_ticks={"at": list(range(len(names))), "texts": names},
        y_ticks={"at": [], "texts": []},
        x_range=(-0.1, len(names) - 0.45),
        y_range=(-0.06, 1.06),
        texts=texts,
        is_reversed=True,
    )
    return f'<div class="scroll"><div style="min-width: {REM_EACH * len(names)}rem">{chart}</div></div>'


def _lines(level: Level, axes: Sequence[Axis], scores: Sequence[ScoreAxis]) -> dict[str, Any]:
    """The trials of a level as one line with gaps."""
    x: list[float] = []
    y: list[float | None] = []
    hover: list[str] = []
    n = len(axes) + len(scores)
    for trial in level.trials:
        values = [score_of(trial, score.metric) for score in scores]
        heights = [axis.height(trial.facts.setting) for axis in axes]
        heights += [None if value is None else score.height(value) for score, value in zip(scores, values, strict=True)]
        x += [*range(n), n - 1]
        y += [*(None if height is None else round(height, 4) for height in heights), None]
        hover += [describe(trial, [score.metric for score in scores])] * n + [""]
    return line(level.title, x, y, hover=hover, **level.style)


def _names(place: int, axis: Axis) -> list[dict[str, Any]]:
    """The values of a list, or the ends of a range."""
    if axis.choices:
        n = len(axis.choices)
        kept = range(n) if n <= MAX_NAMED else (0, n - 1)
        return [_text(place, (choice + 0.5) / n, axis.choices[choice]) for choice in kept]
    if axis.low == axis.high:
        return [_text(place, 0.5, f"{axis.low:.4g}")]
    return [_text(place, 0.0, f"{axis.low:.3g}"), _text(place, 1.0, f"{axis.high:.3g}")]


def _ends(place: int, score: ScoreAxis) -> list[dict[str, Any]]:
    ends = {score.height(value): f"{value:.4g}" for value in (score.low, score.high)}
    return [_text(place, height, text) for height, text in ends.items()]


def _text(place: int, height: float, text: str) -> dict[str, Any]:
    return {"x": place + 0.03, "y": height, "text": text, "x_anchor": "left"}
