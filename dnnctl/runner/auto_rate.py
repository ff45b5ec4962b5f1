"""`max_rate: auto`: the largest rate of a 1cycle schedule, found by a range test once per run."""

from __future__ import annotations

from typing import Any

from dnnctl.engine.engine import Engine
from dnnctl.events.event import RangeTestStarted, RateFound, Report
from dnnctl.runner.facts_keeper import FactsKeeper
from dnnctl.runner.lr_range_test import HIGHEST, LOWEST, count_steps, range_test, suggest
from dnnctl.specs.planned_phase import PlannedPhase
from dnnctl.specs.schedule import MomentumCycle, OneCycle
from dnnctl.store.facts import FoundRate


def is_open(schedule: Any) -> bool:
    """Whether the spec leaves the largest rate of a schedule to a range test."""
    return isinstance(schedule, OneCycle) and schedule.max_rate == "auto"


def find_schedule(phase: PlannedPhase, engine: Engine, keeper: FactsKeeper, *, seed: int, report: Report) -> OneCycle:
    """The schedule of a phase with its largest rate: the one that the run or its parent found, or a test finds now.

    Args:
        engine: with the weights that the schedule starts from; the test restores them.
    """
    facts, key = keeper.facts, str(phase.schedule_of)
    known = facts.rate_finder or (facts.parent.rate_finder if facts.parent else {})
    found = known.get(key)
    if found is None:
        report(RangeTestStarted(count_steps(engine), LOWEST, HIGHEST))
        suggestion = suggest(range_test(engine, seed=seed, momentum=low_momentum(phase.schedule)))
        found = FoundRate(suggestion.max_rate, suggestion.reason)
        report(RateFound(found.max_rate, found.reason))
    keeper.add_facts(rate_finder={**known, key: found})
    schedule: OneCycle = phase.schedule.model_copy(update={"max_rate": found.max_rate})
    return schedule


def low_momentum(schedule: Any) -> float | None:
    """The momentum at the largest rate; None if momentum does not cycle."""
    if isinstance(schedule, OneCycle) and isinstance(schedule.momentum, MomentumCycle):
        return schedule.momentum.low
    return None
