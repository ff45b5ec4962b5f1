"""The page of a report on a sweep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from dnnctl.compare.report.chart import Charts
from dnnctl.compare.report.document import build_document
from dnnctl.compare.report.markup import table
from dnnctl.search.axis import Axis, axes_of
from dnnctl.search.claim import Claim
from dnnctl.search.importance import importances
from dnnctl.search.ranking import best_first
from dnnctl.search.report.confirmation import describe_best, describe_claim
from dnnctl.search.report.front import front_parts
from dnnctl.search.report.history import history_charts
from dnnctl.search.report.levels import MAX_LINES, MAX_POINTS, drawn_trials
from dnnctl.search.report.parallel import parallel_chart
from dnnctl.search.report.score_axis import ScoreAxis, format_score, score_of
from dnnctl.search.report.slices import slice_charts
from dnnctl.search.report.trial_curves import curves_chart
from dnnctl.store.difference import in_words
from dnnctl.store.trials import Trial
from dnnctl.text import format_count

MAX_ROWS = 100
"""The maximum number of trials in the table."""
PLANNED = ("description", "spec", "search", "prune", "confirm", "seed")
"""The keys of the sweep that are shown."""
IMPORTANCE = (
    "The fraction of the differences between trials that a parameter explains alone: η² of a Kruskal-Wallis test, in "
    "which the trials are ranked by their scores and grouped by the value of the parameter, a range into up to five "
    "groups. The p-values are corrected for the number of parameters by Holm's method. A search that learns tries good "
    "values more often, which makes these estimates less certain."
)


def build_sweep_page(
    name: str, trials: Sequence[Trial], *, plan: Mapping[str, Any], metrics: Sequence[str], claim: Claim | None
) -> str:
    """The report on a sweep as HTML.

    Args:
        trials: without the runs that confirm others.
        plan: the sweep as plain values.
        metrics: its objectives.
    """
    charts, axes = Charts(), axes_of(trials, plan)
    fresh = {claim.metric: [each.score.mean for each in claim.settings]} if claim is not None else {}
    found = [ScoreAxis.of(trials, metric, fresh.get(metric, ())) for metric in metrics]
    scores = [score for score in found if score is not None]
    parts = [f'<h2 id="results">{"Result" if len(metrics) == 1 else "Pareto front"}</h2>']
    parts += describe_claim(claim, charts) if claim is not None else describe_best(trials, metrics)
    if len(scores) == len(metrics):
        parts += _drawn(axes, scores, trials, claim, charts)
    parts += ["<h2>Trials</h2>", _trials(axes, trials, metrics), "<h2>Sweep</h2>", _plan(plan, trials, metrics)]
    return build_document(name, parts, charts)


def _drawn(
    axes: Sequence[Axis], scores: Sequence[ScoreAxis], trials: Sequence[Trial], claim: Claim | None, charts: Charts
) -> list[str]:
    """The sections with charts."""
    metrics = [score.metric for score in scores]
    shown = drawn_trials(trials, metrics, MAX_POINTS)
    few = [
        f"<p class='note'>Of {len(trials):,} trials at most {n:,} are drawn in a chart, half of them the best.</p>"
        if len(trials) > n
        else ""
        for n in (MAX_POINTS, MAX_LINES)
    ]
    curves = "".join(curves_chart(trials, metric, charts) for metric in metrics)
    parts = front_parts(axes, scores, trials, charts) if len(scores) > 1 else []
    parts += ["<h2>History</h2>", few[0], history_charts(scores, trials, charts)]
    parts += [
        "<h2>Importance of the parameters</h2>",
        *(_importance(axes, trials, metric, metrics) for metric in metrics),
    ]
    parts += [
        "<h2>Parallel coordinates</h2><p class='note'>A line for each trial. The best scores are at the top of their "
        "axes. A click on an entry of the legend hides its lines.</p>",
        few[1],
        parallel_chart(axes, scores, trials, charts),
        "<h2>Slices</h2><p class='note'>The score of each trial against each parameter. Equal values of a list are "
        "drawn next to each other.</p>",
        slice_charts(axes, scores, shown, claim, charts),
    ]
    return [*parts, *(["<h2>Learning curves</h2>", curves] if curves else [])]


def _importance(axes: Sequence[Axis], trials: Sequence[Trial], metric: str, metrics: Sequence[str]) -> str:
    """A row for each parameter, and for what none of them explains."""
    estimated = importances(axes, trials, metric)
    title = f"<h3>{escape(metric)}</h3>" if len(metrics) > 1 else ""
    warning = f'<p class="verdict">{escape(estimated.warning)}</p>' if estimated.warning else ""
    if not estimated.found:
        return title + warning
    rows = [
        (each.axis.path, each.fraction, f"{each.p:.2g}" if each.p >= 0.001 else "< 0.001", each.is_significant)
        for each in estimated.found
    ]
    body = "".join(
        f'<tr><th scope="row">{escape(path)}</th><td class="bar" style="--part: {fraction:.1%}">{fraction:.0%}</td>'
        f"<td>{p}</td><td>{'' if is_significant else 'could be chance'}</td></tr>"
        for path, fraction, p, is_significant in rows
    )
    rest = f'<td class="bar" style="--part: {estimated.rest:.1%}">{estimated.rest:.0%}</td><td></td><td></td>'
    last = f'<tr><th scope="row">no parameter alone: interactions, randomness</th>{rest}</tr>'
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("parameter", "explains", "p", ""))
    caption = f"<caption>Estimated from {estimated.n:,} trials by their {escape(metric)}</caption>"
    head = f"{caption}<thead><tr>{heads}</tr></thead>"
    note = f"<p class='note'>{IMPORTANCE}</p>" if metric == metrics[-1] else ""
    content = f'<table class="importance">{head}<tbody>{body}{last}</tbody></table>'
    return f'{title}{warning}<div class="scroll">{content}</div>{note}'


def _trials(axes: Sequence[Axis], trials: Sequence[Trial], metrics: Sequence[str]) -> str:
    """The trials, best first; those without a place in the ranking come last."""
    finished = best_first(trials, metrics)
    known = {trial.number for trial in finished}
    ordered = [*finished, *(trial for trial in trials if trial.number not in known)]
    rows = [
        [
            str(trial.number),
            _state(trial),
            *(format_score(score_of(trial, metric), metric) for metric in metrics),
            *(in_words(trial.facts.setting.get(axis.path)) for axis in axes),
            str(trial.run.epochs),
            trial.run.id,
            _reason(trial),
        ]
        for trial in ordered[:MAX_ROWS]
    ]
    header = ["trial", "state", *metrics, *(axis.name for axis in axes), "epochs", "run", "reason"]
    if not any(row[-1] for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    caption = f"The best {MAX_ROWS} of {len(ordered):,} trials" if len(ordered) > MAX_ROWS else "Best first"
    return table(caption, header, rows, kind="trials")


def _state(trial: Trial) -> str:
    stopped = trial.facts.stopped
    return f"{trial.state} at {stopped}" if stopped is not None else str(trial.state)


def _reason(trial: Trial) -> str:
    """Why a trial was stopped or has failed."""
    last = trial.run.last_training
    reason = trial.facts.reason or (last.reason if last is not None else None) or ""
    return reason.splitlines()[0] if reason else ""


def _plan(plan: Mapping[str, Any], trials: Sequence[Trial], metrics: Sequence[str]) -> str:
    states = ", ".join(f"{n:,} {state}" for state, n in Counter(str(trial.state) for trial in trials).items())
    rows = [["objective", ", ".join(metrics)], ["trials", f"{format_count(len(trials), 'trial')}: {states}"]]
    parameters = plan.get("parameters")
    if isinstance(parameters, dict):
        rows += [[path, in_words(values)] for path, values in parameters.items()]
    rows += [[key, in_words(plan[key])] for key in PLANNED if plan.get(key) not in (None, "")]
    return table("", ["", ""], rows)
