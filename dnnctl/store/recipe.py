"""The recipe of a run: its spec without the keys that distinguish repetitions of the same training."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dnnctl.store.record import RunRecord

NO_RECIPE = ("name", "description", "seed")
"""The keys of a spec that do not change what is trained, except for its random numbers."""
NO_RESULT = "log"
"""The key of `runtime` that does not change what is trained."""


@dataclass(frozen=True)
class Repetition:
    """What distinguishes the runs of one recipe."""

    seed: int | None
    fold: int | None = None
    """The part of the training examples that is set aside for validation; None without cross-validation."""
    n_folds: int = 0

    def __str__(self) -> str:
        return f"seed {self.seed}" if self.fold is None else f"seed {self.seed}, fold {self.fold}"


def repetition(run: RunRecord) -> Repetition:
    """The seed of a run, and its fold."""
    fold = _fold(run.spec)
    return Repetition(run.facts.seed, fold.get("number"), fold.get("k", 0)) if fold else Repetition(run.facts.seed)


def recipe(run: RunRecord) -> str:
    """What a run has in common with runs of other seeds and other folds, as text."""
    plain = {key: value for key, value in run.spec.items() if key not in NO_RECIPE}
    if isinstance(runtime := plain.get("runtime"), dict):
        plain["runtime"] = {key: value for key, value in runtime.items() if key != NO_RESULT}
    if fold := _fold(plain):
        data = plain["data"]
        plain["data"] = data | {"validation": data["validation"] | {"fold": {"k": fold.get("k")}}}
    return json.dumps(plain, sort_keys=True)


def _fold(spec: dict[str, Any]) -> dict[str, Any]:
    """The section `data.validation.fold`; empty if the spec has none."""
    section: Any = spec
    for key in ("data", "validation", "fold"):
        section = section.get(key) if isinstance(section, dict) else None
    return section if isinstance(section, dict) else {}


def is_repeatable(run: RunRecord) -> bool:
    """Whether the spec alone determines the run: forks and pruned runs also depend on another run."""
    return bool(run.spec) and run.facts.parent is None and run.facts.pruned is None


def repetitions(run: RunRecord, candidates: Sequence[RunRecord]) -> list[RunRecord]:
    """The complete candidates that have a run's recipe and data: the newest of each seed and fold, sorted by them.

    Args:
        candidates: runs, oldest first.
    """
    if not is_repeatable(run):
        return [run]
    wanted = recipe(run), _data(run)
    same = (each for each in candidates if each.status.is_complete and is_repeatable(each))
    newest = {repetition(each): each for each in same if (recipe(each), _data(each)) == wanted}
    return _sorted(newest.values()) or [run]


def _data(run: RunRecord) -> str | None:
    """The identity of a run's data; other seeds and folds of the same data may have other splits."""
    return run.facts.data.digest if run.facts.data else None


def _sorted(runs: Iterable[RunRecord]) -> list[RunRecord]:
    return sorted(runs, key=lambda run: (run.facts.seed or 0, repetition(run).fold or 0))
