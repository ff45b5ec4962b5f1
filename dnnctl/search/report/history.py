"""The history of a sweep: the score of each trial and the best so far, by trial and by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dnnctl.compare.report.chart import Charts, line, points
from dnnctl.search.ranking import loss_of
from dnnctl.search.report.levels import BEST, MAX_POINTS, drawn_trials
from dnnctl.search.report.score_axis import ScoreAxis, describe
from dnnctl.search.report.slices import marks_of, style_of
from dnnctl.search.report.trial_curves import FEW_MARKS
from dnnctl.store.trials import Trial, TrialState

UNITS = (("h", 3600.0), ("min", 60.0), ("s", 1.0))
NUMBER = "trial"
ENOUGH = 3
"""A unit of time is used if the sweep took at least this many of it."""


def history_charts(scores: Sequence[ScoreAxis], trials: Sequence[Trial], charts: Charts) -> str:
    """For each objective the scores by the number of the trial, and by the time at which it ended."""
    busy = busy_seconds(trials)
    longest = max(busy.values(), default=0.0)
    unit, seconds = next((each for each in UNITS if longest >= ENOUGH * each[1]), UNITS[-1])
    by_number = {trial.number: float(trial.number) for trial in trials}
    by_time = {number: value / seconds for number, value in busy.items()}
    parts = []
    for score in scores:
        parts.append(_chart(score, trials, by_number, NUMBER, charts))
        if longest > 0:
            parts.append(_chart(score, trials, by_time, f"time in which trials were trained ({unit})", charts))
    return f'<div class="charts">{"".join(parts)}</div>'


def best_so_far(trials: Sequence[Trial], metric: str, at: Mapping[int, float]) -> list[tuple[float, float]]:
    """The places at which a finished trial was better than all before it, with its score, and the last place."""
    placed = sorted(
        (at[trial.number], trial.number, value)
        for trial in trials
        if trial.state is TrialState.FINISHED and trial.number in at and (value := trial.value(metric)) is not None
    )
    found: list[tuple[float, float]] = []
    for place, _, value in placed:
        if not found or loss_of(value, metric) < loss_of(found[-1][1], metric):
            found.append((place, value))
    return [*found, (max(at.values()), found[-1][1])] if found else []


def busy_seconds(trials: Sequence[Trial]) -> dict[int, float]:
    """For each trial the time from the start of the sweep to its end, without the times in which none was trained."""
    spans = {trial.number: _spans(trial) for trial in trials}
    ends = {number: found[-1][1] for number, found in spans.items() if found}
    merged: list[list[float]] = []
    for start, end in sorted(span for found in spans.values() for span in found):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return {
        number: sum(min(end, moment) - start for start, end in merged if start < moment)
        for number, moment in ends.items()
    }


def _spans(trial: Trial) -> list[tuple[float, float]]:
    """From each start of training to its end, in seconds; without those that were killed, whose ends are unknown."""
    found, started = [], None
    for entry in trial.run.history:
        moment = _seconds(entry.time)
        if entry.event in ("started", "resumed"):
            started = moment
        elif entry.event == "ended" and started is not None and moment is not None and moment >= started:
            found.append((started, moment))
            started = None
    return found


def _seconds(time: str | None) -> float | None:
    try:
        return None if time is None else datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _chart(score: ScoreAxis, trials: Sequence[Trial], at: Mapping[int, float], x: str, charts: Charts) -> str:
    """The scores at some places, without the star of the slices: the line leads to the best."""
    metric = score.metric
    marks = marks_of(
        [trial for trial in drawn_trials(trials, [metric], MAX_POINTS) if trial.number in at], score, best=()
    )
    traces: list[dict[str, Any]] = [
        points(
            kind,
            [round(at[trial.number], 4) for trial, _ in found],
            [height for _, height in found],
            hover=[describe(trial, [metric]) for trial, _ in found],
            **style_of(kind, score),
        )
        for kind, found in marks.items()
    ]
    steps = best_so_far(trials, metric, at)
    if steps:
        traces.append(line("best so far", [x for x, _ in steps], [y for _, y in steps], BEST, shape="hv"))
    last = f": the best is {steps[-1][1]:.4g}" if steps else ""
    label = f"{metric} of each trial and the best so far, by {x}{last}"
    layout: dict[str, Any] = {"x_step": 1} if x == NUMBER and len(trials) < FEW_MARKS else {}
    return charts.add(label, x, metric, traces, y_range=score.ends, **layout)
