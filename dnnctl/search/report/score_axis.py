"""The scores of a sweep's trials as an axis, on which a few terrible ones do not squash all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dnnctl.compare.report.chart import focus
from dnnctl.events.sweep_wording import short_names
from dnnctl.search.ranking import less_is_better
from dnnctl.store.difference import in_words
from dnnctl.store.trials import Trial, TrialState
from dnnctl.text import format_number

SCORED = (TrialState.FINISHED, TrialState.STOPPED)
LOST = (TrialState.DIVERGED, TrialState.FAILED)
"""The states of trials without a score that are drawn at the worse end."""
FAR = 4.0
PADDING = 0.07
"""Of the length of the axis, at either end."""


@dataclass(frozen=True)
class ScoreAxis:
    """The axis of an objective."""

    metric: str
    low: float
    """The smallest score that is drawn at its place."""
    high: float

    @classmethod
    def of(cls, trials: Sequence[Trial], metric: str, confirmed: Sequence[float] = ()) -> ScoreAxis | None:
        """The axis for the scores of trials; None if there are none.

        Args:
            confirmed: scores on fresh seeds, all of which are shown.
        """
        scores = [score for trial in trials if (score := score_of(trial, metric)) is not None]
        if not scores:
            return None
        low, high = focus(scores, scores, far=FAR) or (min(scores), max(scores))
        return cls(metric, min(low, *confirmed, low), max(high, *confirmed, high))

    @property
    def padding(self) -> float:
        """The space between the drawn scores and an end of the axis."""
        return (self.high - self.low or abs(self.high) or 1.0) * PADDING

    @property
    def ends(self) -> tuple[float, float]:
        """The range of the axis, with space at both ends."""
        return self.low - 2 * self.padding, self.high + 2 * self.padding

    @property
    def edge(self) -> float:
        """Where trials without a score, and those with scores outside of the axis, are drawn: at the worse end."""
        return self.high + self.padding if less_is_better(self.metric) else self.low - self.padding

    def shows(self, score: float) -> bool:
        """Whether a score is drawn at its place."""
        return self.low <= score <= self.high

    def height(self, score: float) -> float:
        """The place of a score from 0, the worst, to 1, the best; outside of the axis that of its end."""
        if self.high == self.low:
            return 1.0
        part = (min(max(score, self.low), self.high) - self.low) / (self.high - self.low)
        return 1 - part if less_is_better(self.metric) else part


def score_of(trial: Trial, metric: str) -> float | None:
    """The score of a trial that has finished, or so far of one that was stopped early; None for all others."""
    return trial.value(metric) if trial.state in SCORED else None


def format_score(score: float | None, metric: str) -> str:
    """A score as text: of parameters a whole number."""
    return f"{score:,.0f}" if metric == "parameters" and score is not None else format_number(score)


def describe(trial: Trial, metrics: Sequence[str]) -> str:
    """A trial in a few lines: its state, its scores and its setting."""
    scores = [f"{metric} {format_score(score_of(trial, metric), metric)}" for metric in metrics]
    state = f"{trial.state} at {trial.facts.stopped}" if trial.facts.stopped is not None else str(trial.state)
    names = short_names(trial.facts.setting)
    values = [f"{names[path]} {in_words(value)}" for path, value in trial.facts.setting.items()]
    return "\n".join([f"trial {trial.number}, {state}", *scores, *values])
