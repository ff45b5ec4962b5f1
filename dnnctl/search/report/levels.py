"""The trials of a sweep by how good they are: what is drawn in one colour, and shown or hidden with one click."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dnnctl.compare.report.chart import SOFT
from dnnctl.search.ranking import best_first, best_of
from dnnctl.store.trials import Trial, TrialState

BEST, GOOD, FAIR = "#d1495b", "#e07b39", "#3b7ddd"
MAX_POINTS = 1000
"""The maximum number of trials in a chart in which each is a point."""
MAX_LINES = 200
"""The maximum number of trials in a chart in which each is a line."""


@dataclass(frozen=True)
class Level:
    """Trials that are drawn alike."""

    name: str
    trials: tuple[Trial, ...]
    style: dict[str, Any]

    @property
    def title(self) -> str:
        """Its name in the legend."""
        return self.name if len(self.trials) == 1 else f"{self.name} ({len(self.trials):,})"


def levels_of(trials: Sequence[Trial], metrics: Sequence[str], n: int = MAX_POINTS) -> list[Level]:
    """The levels from the worst to the best, so that the best are drawn on top.

    Args:
        n: the maximum number of trials that are drawn. The levels are those of all trials.
    """
    ordered, best = best_first(trials, metrics), best_of(trials, metrics)
    rest = ordered[len(best) :]
    stopped = [trial for trial in trials if trial.state is TrialState.STOPPED]
    quarter, half = (max(len(ordered) // parts - len(best), 0) for parts in (4, 2))
    title = "best trial" if len(metrics) == 1 else "Pareto front"
    found = [
        Level("stopped early", tuple(stopped), {"colour": SOFT, "opacity": 0.35, "width": 1}),
        Level("other trials", tuple(rest[half:]), {"colour": SOFT, "opacity": 0.6, "width": 1}),
        Level("best half", tuple(rest[quarter:half]), {"colour": FAIR, "opacity": 0.6, "width": 1.2}),
        Level("best quarter", tuple(rest[:quarter]), {"colour": GOOD, "opacity": 0.8, "width": 1.5}),
        Level(title, tuple(best), {"colour": BEST, "width": 3}),
    ]
    if len(metrics) > 1:
        others = Level("other trials", tuple(rest), {"colour": FAIR, "opacity": 0.5, "width": 1.2})
        found = [found[0], others, found[-1]]
    drawn = {trial.number for trial in drawn_trials(trials, metrics, n)}
    kept = [replace(each, trials=tuple(t for t in each.trials if t.number in drawn)) for each in found]
    return [level for level in kept if level.trials]


def drawn_trials(trials: Sequence[Trial], metrics: Sequence[str], n: int) -> list[Trial]:
    """At most n trials by number: the best n / 2, and some of the others, evenly chosen."""
    if len(trials) <= n:
        return list(trials)
    kept = {trial.number for trial in best_first(trials, metrics)[: n // 2]}
    others = [trial for trial in trials if trial.number not in kept]
    n_others = n - len(kept)
    kept |= {others[place * len(others) // n_others].number for place in range(n_others)}
    return [trial for trial in trials if trial.number in kept]
