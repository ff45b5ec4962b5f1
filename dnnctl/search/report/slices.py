"""Slices: the score of each trial against the value of each parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnnctl.compare.report.chart import SOFT, Charts, points
from dnnctl.search.axis import Axis
from dnnctl.search.claim import Claim, Confirmed
from dnnctl.search.ranking import best_of, less_is_better
from dnnctl.search.report.levels import BEST, FAIR
from dnnctl.search.report.score_axis import LOST, ScoreAxis, describe, score_of
from dnnctl.store.trials import Trial, TrialState

FRESH = "#3aa76d"
SPREAD = 0.5
"""Trials with the same value of a list are drawn next to each other, over this part of the distance of two values."""
GOLDEN = 0.618034
OUTSIDE = "outside of the axis"
Marks = dict[str, list[tuple[Trial, float]]]
"""By kind of mark, the trials with the height at which they are drawn."""
STYLES: dict[str, dict[str, Any]] = {
    "stopped early": {"colour": SOFT, "symbol": "circle-open", "opacity": 0.8},
    "finished": {"colour": FAIR, "opacity": 0.8},
    "best": {"colour": BEST, "symbol": "star", "size": 13},
    OUTSIDE: {"colour": SOFT, "symbol": "triangle-down", "size": 8},
    "diverged or failed": {"colour": BEST, "symbol": "x", "size": 8},
}
"""By kind of mark, in the order in which they are drawn."""


def marks_of(trials: Sequence[Trial], score: ScoreAxis, best: Sequence[Trial]) -> Marks:
    """How the trials are drawn by an objective. Those that have neither a score nor an end are left out."""
    found: Marks = {kind: [] for kind in STYLES}
    numbers = {trial.number for trial in best}
    for trial in trials:
        value = score_of(trial, score.metric)
        if trial.state in LOST:
            found["diverged or failed"].append((trial, score.edge))
        elif value is None:
            continue
        elif not score.shows(value):
            found[OUTSIDE].append((trial, score.edge))
        elif trial.state is TrialState.STOPPED:
            found["stopped early"].append((trial, value))
        else:
            found["best" if trial.number in numbers else "finished"].append((trial, value))
    return {kind: marks for kind, marks in found.items() if marks}


def style_of(kind: str, score: ScoreAxis) -> dict[str, Any]:
    """How a kind of mark is drawn; what is outside of the axis points outwards."""
    is_above = kind == OUTSIDE and less_is_better(score.metric)
    return STYLES[kind] | ({"symbol": "triangle-up"} if is_above else {})


def slice_charts(
    axes: Sequence[Axis],
    scores: Sequence[ScoreAxis],
    trials: Sequence[Trial],
    claim: Claim | None,
    charts: Charts,
) -> str:
    """For each objective a chart for each parameter."""
    metrics = [score.metric for score in scores]
    best = best_of(trials, metrics)
    parts = []
    for place, score in enumerate(scores):
        marks = marks_of(trials, score, best)
        drawn = "".join(_chart(axis, score, marks, metrics, claim if place == 0 else None, charts) for axis in axes)
        parts.append(f'<div class="charts">{drawn}</div>')
    return "".join(parts)


def _chart(
    axis: Axis, score: ScoreAxis, marks: Marks, metrics: Sequence[str], claim: Claim | None, charts: Charts
) -> str:
    traces = [_points(kind, found, axis, score, metrics) for kind, found in marks.items()]
    if claim is not None:
        traces.append(_confirmed(claim, axis))
    n = len(axis.choices)
    layout: dict[str, Any] = {"x_log": axis.is_log}
    if n:
        layout = {"x_ticks": {"at": list(range(n)), "texts": axis.choices}, "x_range": (-0.6, n - 0.4)}
    label = f"{score.metric} of each trial against {axis.name}; the table of trials has the numbers"
    return charts.add(label, axis.name, score.metric, traces, y_range=score.ends, **layout)


def _points(
    kind: str, found: Sequence[tuple[Trial, float]], axis: Axis, score: ScoreAxis, metrics: Sequence[str]
) -> dict[str, Any]:
    placed = [(trial, _x(axis, trial), y) for trial, y in found]
    known = [(trial, x, y) for trial, x, y in placed if x is not None]
    hover = [describe(trial, metrics) for trial, _, _ in known]
    name = kind if len(found) == 1 else f"{kind} ({len(found):,})"
    return points(name, [x for _, x, _ in known], [y for _, _, y in known], hover=hover, **style_of(kind, score))


def _x(axis: Axis, trial: Trial) -> float | None:
    """The value of a trial. Equal values of a list are spread by the number of the trial, always in the same way."""
    value = axis.at(trial.facts.setting)
    if value is None or not axis.choices:
        return value
    return round(value + (trial.number * GOLDEN % 1 - 0.5) * SPREAD, 3)


def _confirmed(claim: Claim, axis: Axis) -> dict[str, Any]:
    """The scores of the confirmed settings on fresh seeds, with their intervals."""
    known = [(each, x) for each in claim.settings if (x := axis.at(each.setting)) is not None]
    return points(
        "with fresh seeds",
        [x for _, x in known],
        [each.score.mean for each, _ in known],
        FRESH,
        symbol="diamond",
        size=9,
        error=interval_of([each for each, _ in known]),
        hover=[f"trial {each.trial} with {each.score.n} fresh seeds\n{each.score.mean:.4g}" for each, _ in known],
    )


def interval_of(settings: Sequence[Confirmed]) -> dict[str, list[float]]:
    """How far the 95 % intervals of confirmed settings go above and below their means."""
    scores = [each.score for each in settings]
    return {
        "above": [0.0 if score.high is None else score.high - score.mean for score in scores],
        "below": [0.0 if score.low is None else score.mean - score.low for score in scores],
    }
