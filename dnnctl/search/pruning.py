"""Which trials are stopped early: decisions by the rows of all trials, without any other state.

A curve is the objective after each epoch in which it was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log
from statistics import median
from typing import Any
from zlib import crc32

from dnnctl.specs.sweep import Hyperband, Median, NoPruning
from dnnctl.text import format_number

Curve = Mapping[int, float]


@dataclass(frozen=True)
class Candidate:
    """A trial after an epoch."""

    number: int
    curve: Curve
    """Its rows so far; the last one is that of the epoch."""


@dataclass(frozen=True)
class Field:
    """The other trials of a sweep."""

    name: str
    """The name of the sweep."""
    less_is_better: bool
    n_epochs: int
    """The number of epochs of a trial that is not stopped."""
    curves: Mapping[int, Curve]
    """Those of the other trials, by number."""
    finished: Sequence[int]
    """The numbers of those that were trained to the end."""

    def best(self, values: Sequence[float]) -> float:
        """The best of some values."""
        return min(values) if self.less_is_better else max(values)

    def is_worse(self, a: float, b: float) -> bool:
        """Whether a is worse than b."""
        return a > b if self.less_is_better else a < b


def reason_to_stop(rule: Any, candidate: Candidate, field: Field) -> str:
    """Why a trial is stopped after its last epoch; empty if it continues."""
    return RULES[type(rule)](rule, candidate, field)


def _never(_rule: NoPruning, _candidate: Candidate, _field: Field) -> str:
    return ""


def _median(rule: Median, candidate: Candidate, field: Field) -> str:
    """The median rule: the best value up to epoch e, against the median of the finished trials' values at e.

    Source: Golovin et al., Google Vizier (2017), as in Optuna.
    """
    epoch = max(candidate.curve)
    others = [value for each in field.finished if (value := field.curves[each].get(epoch)) is not None]
    if epoch <= rule.warmup or len(field.finished) < rule.startup or not others:
        return ""
    middle, best = median(others), field.best(list(candidate.curve.values()))
    if not field.is_worse(best, middle):
        return ""
    return f"its best value {format_number(best)} is worse than the median {format_number(middle)} at epoch {epoch}"


def _hyperband(rule: Hyperband, candidate: Candidate, field: Field) -> str:
    """Asynchronous successive halving in brackets: bracket b has rungs at the epochs min · η^(b + k), k = 0, 1, …

    At a rung, a trial continues if it is in the best 1/η of the trials of its bracket that have reached the rung.
    Sources: Li et al., Hyperband (2018) and A System for Massively Parallel Hyperparameter Tuning (2020).
    """
    epoch, bracket = max(candidate.curve), bracket_of(rule, candidate.number, field)
    value = candidate.curve[epoch]
    rungs = _rungs(rule, bracket, field.n_epochs)
    if epoch not in rungs:
        return ""
    same = [each for each in field.curves if bracket_of(rule, each, field) == bracket]
    values = [value, *(found for each in same if (found := field.curves[each].get(epoch)) is not None)]
    values.sort(reverse=not field.less_is_better)
    n_kept = max(len(values) // rule.reduction, 1)
    if not field.is_worse(value, values[n_kept - 1]):
        return ""
    shown = f"{format_number(value)} is not in the best {n_kept} of {len(values)}"
    return f"{shown} at epoch {epoch} (bracket {bracket + 1})"


def bracket_of(rule: Hyperband, number: int, field: Field) -> int:
    """The bracket of a trial, from 0. Earlier brackets, which stop more trials, get more of them."""
    n = n_brackets(rule, field.n_epochs)
    budgets = [ceil(n * rule.reduction**s / (s + 1)) for s in range(n - 1, -1, -1)]
    left = crc32(f"{field.name}_{number}".encode()) % sum(budgets)
    for bracket, budget in enumerate(budgets):
        left -= budget
        if left < 0:
            return bracket
    raise AssertionError("the remainder is less than the sum")


def n_brackets(rule: Hyperband, n_epochs: int) -> int:
    """⌊log_η(n_epochs / min_epochs)⌋ + 1, at least 1."""
    return max(floor(log(max(n_epochs / rule.min_epochs, 1)) / log(rule.reduction) + 1e-9) + 1, 1)


def _rungs(rule: Hyperband, bracket: int, n_epochs: int) -> list[int]:
    """The epochs after which a trial of a bracket can be stopped."""
    found, rung = [], rule.min_epochs * rule.reduction**bracket
    while rung < n_epochs:
        found.append(rung)
        rung *= rule.reduction
    return found


RULES: dict[type[Any], Callable[[Any, Candidate, Field], str]] = {
    NoPruning: _never,
    Median: _median,
    Hyperband: _hyperband,
}
"""By kind of pruning."""
