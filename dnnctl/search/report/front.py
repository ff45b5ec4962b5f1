"""The Pareto front of a sweep with several objectives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from dnnctl.compare.report.chart import Charts, line
from dnnctl.compare.report.markup import table
from dnnctl.search.axis import Axis
from dnnctl.search.ranking import best_of, less_is_better
from dnnctl.search.report.levels import BEST, levels_of
from dnnctl.search.report.score_axis import ScoreAxis, describe, format_score
from dnnctl.store.difference import in_words
from dnnctl.store.trials import Trial

MAX_ROWS = 100
"""The maximum number of trials in the table."""


def front_parts(
    axes: Sequence[Axis], scores: Sequence[ScoreAxis], trials: Sequence[Trial], charts: Charts
) -> list[str]:
    """The trials of the front as a table, and a chart for each two objectives."""
    metrics = [score.metric for score in scores]
    front = sorted(best_of(trials, metrics), key=lambda trial: trial.value(metrics[0]) or 0.0)
    rows = [
        [
            str(trial.number),
            *(format_score(trial.value(metric), metric) for metric in metrics),
            *(in_words(trial.facts.setting.get(axis.path)) for axis in axes),
        ]
        for trial in front[:MAX_ROWS]
    ]
    more = f" The first {MAX_ROWS} of {len(front):,}." if len(front) > MAX_ROWS else ""
    caption = f"The trials of which no other one is at least as good in everything, and better in something.{more}"
    drawn = "".join(_chart(x, y, trials, metrics, charts) for x, y in combinations(scores, 2))
    header = ["trial", *metrics, *(axis.name for axis in axes)]
    return [f'<div class="charts">{table(caption, header, rows)}{drawn}</div>']


def _chart(x: ScoreAxis, y: ScoreAxis, trials: Sequence[Trial], metrics: Sequence[str], charts: Charts) -> str:
    """Two objectives. Only if there are no others, the front is a line."""
    traces = []
    front = best_of(trials, metrics)
    for level in levels_of(trials, metrics):
        known = [
            (trial, a, b)
            for trial in level.trials
            if (a := trial.value(x.metric)) is not None and (b := trial.value(y.metric)) is not None
        ]
        known.sort(key=lambda each: each[1])
        is_front = level.style["colour"] == BEST
        traces.append(
            line(
                level.title,
                [a for _, a, _ in known],
                [b for _, _, b in known],
                hover=[describe(trial, metrics) for trial, _, _ in known],
                mode="lines+markers" if is_front and len(metrics) == 2 else "markers",
                shape="hv" if less_is_better(x.metric) else "vh",
                size=9 if is_front else 6,
                **{**level.style, "width": 1.5},
            )
        )
    label = f"{y.metric} against {x.metric} of each trial; the table has the Pareto front"
    return charts.add(label, x.metric, y.metric, traces, x_range=_range(x, front), y_range=_range(y, front))


def _range(score: ScoreAxis, front: Sequence[Trial]) -> tuple[float, float]:
    """The ends of an axis on which the whole front is shown, also what is far from most trials."""
    values = [value for trial in front if (value := trial.value(score.metric)) is not None]
    low, high = score.ends
    return min(low, *(value - score.padding for value in values)), max(
        high, *(value + score.padding for value in values)
    )
