"""The learning curves of a sweep's trials by one objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnnctl.compare.report.chart import Charts, focus, line
from dnnctl.search.report.levels import MAX_LINES, Level, drawn_trials, levels_of
from dnnctl.store.trials import Trial, TrialState

MAX_POINTS = 20_000
"""The maximum number of points of all curves."""
FAR = 4.0
FEW_MARKS = 10
"""With fewer epochs or trials, each has its mark on the axis."""


def curves_chart(trials: Sequence[Trial], metric: str, charts: Charts) -> str:
    """The objective of each trial after each epoch, by levels; nothing if it is not measured after epochs."""
    drawn = drawn_trials(trials, [metric], MAX_LINES)
    curves = {trial.number: curve for trial in drawn if (curve := trial.curve(metric))}
    if not curves:
        return ""
    stride = -(-sum(map(len, curves.values())) // MAX_POINTS)
    diverged = tuple(trial for trial in drawn if trial.state is TrialState.DIVERGED)
    levels = [Level("diverged", diverged, {"colour": "soft", "opacity": 0.6, "width": 1, "dash": "dot"})]
    traces = [_lines(level, curves, stride) for level in [*levels, *levels_of(trials, [metric], MAX_LINES)]]
    bounds = [*map(min, map(dict.values, curves.values()))], [*map(max, map(dict.values, curves.values()))]
    limits = focus(*bounds, far=FAR)
    layout: dict[str, Any] = {} if limits is None else {"y_range": _padded(*limits)}
    if max(map(max, curves.values())) < FEW_MARKS:
        layout["x_step"] = 1
    note = "" if limits is None else '<p class="note">Curves that are far from all others leave the axis.</p>'
    label = f"{metric} of each trial after each epoch"
    chart = charts.add(label, "epoch", metric, [t for t in traces if t["x"]], kind="", is_reversed=True, **layout)
    return chart + note


def _padded(low: float, high: float) -> tuple[float, float]:
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _lines(level: Level, curves: dict[int, dict[int, float]], stride: int) -> dict[str, Any]:
    """The curves of a level as one line with gaps."""
    x: list[float] = []
    y: list[float | None] = []
    hover: list[str] = []
    for trial in level.trials:
        curve = curves.get(trial.number, {})
        kept = [epoch for place, epoch in enumerate(curve) if place % stride == 0 or place == len(curve) - 1]
        x += [*kept, *kept[-1:]]
        y += [*(curve[epoch] for epoch in kept), *[None] * bool(kept)]
        hover += [*(f"trial {trial.number}, epoch {epoch}\n{curve[epoch]:.4g}" for epoch in kept), *[""] * bool(kept)]
    return line(level.title, x, y, hover=hover, **level.style)
