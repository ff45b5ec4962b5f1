"""The recipe of a run: its spec without the keys that distinguish repetitions of the same training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from dnnctl.store.record import RunRecord

NO_RECIPE = ("name", "description", "seed")
"""The keys of a spec that do not change what is trained, except for its random numbers."""


def recipe(run: RunRecord) -> str:
    """What a run has in common with runs of other seeds, as text."""
    return json.dumps({key: value for key, value in run.spec.items() if key not in NO_RECIPE}, sort_keys=True)


def is_repeatable(run: RunRecord) -> bool:
    """Whether the spec alone determines the run: forks and pruned runs also depend on another run."""
    return bool(run.spec) and run.facts.parent is None and run.facts.pruned is None


def repetitions(run: RunRecord, candidates: Sequence[RunRecord]) -> list[RunRecord]:
    """The complete candidates that have a run's recipe and data: the newest of each seed, sorted by seed.

    Args:
        candidates: runs, oldest first.
    """
    if not is_repeatable(run):
        return [run]
    wanted = recipe(run), run.facts.data
    same = (each for each in candidates if each.status.is_complete and is_repeatable(each))
    by_seed = {each.facts.seed: each for each in same if (recipe(each), each.facts.data) == wanted}
    return _by_seed(by_seed.values()) or [run]


def _by_seed(runs: Iterable[RunRecord]) -> list[RunRecord]:
    return sorted(runs, key=lambda run: run.facts.seed or 0)
