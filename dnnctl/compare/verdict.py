"""Whether a difference is significant: the test that applies, and a sentence with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import mean

import numpy as np

from dnnctl.compare.group import Group, have_same_data, measured_by
from dnnctl.compare.paired_tests import Estimate, holm, mcnemar, paired_bootstrap
from dnnctl.compare.scores import NoPredictions, Scores, score
from dnnctl.store.metrics import is_less_better
from dnnctl.store.recipe import Repetition, repetition
from dnnctl.store.record import RunRecord
from dnnctl.text import format_number

SIGNIFICANT = 0.05
MAX_ALL_PAIRS = 5
"""With more groups, each group is compared only with the first and with the best."""
MIN_COMMON = 3
"""With at least this many common seeds, only these are compared, in pairs."""
FRACTIONS = ("accuracy", "exact_match")
"""Metrics that are shown in percentage points: a difference of 0.01 is a point."""


@dataclass(frozen=True)
class Verdict:
    """Two groups compared by one metric."""

    a: str
    b: str
    metric: str
    role: str
    """The split: `test` or `validation`."""
    estimate: Estimate | None = None
    """Of b - a; None if nothing can be tested."""
    test: str = ""
    """The test that gives the p-value."""
    sample: str = ""
    """The number of examples or seeds in the test."""
    reason: str = ""
    """Why nothing can be tested."""
    n_tests: int = 1
    """The number of tests for which the p-value is corrected, by Holm's method."""

    @property
    def better(self) -> str | None:
        """The label of the better group, if the difference is significant."""
        if self.estimate is None or self.estimate.p >= SIGNIFICANT or self.estimate.difference == 0:
            return None
        is_b = (self.estimate.difference > 0) != is_less_better(self.metric)
        return self.b if is_b else self.a

    def __str__(self) -> str:
        if self.estimate is None:
            return f"{self.a} and {self.b} cannot be tested: {self.reason}"
        estimate = self.estimate
        sign = -1 if self.better == self.a else 1
        bounds = sorted((sign * estimate.low, sign * estimate.high))
        is_one = self.n_tests == 1
        raw = "" if is_one else "uncorrected "
        interval = f"{raw}95 % interval {self._amount(bounds[0])} to {self._amount(bounds[1])}"
        corrected = "" if is_one else f" after Holm's correction for {self.n_tests} tests"
        numbers = f"({interval}, {_p(estimate.p)}{corrected}, {self.test}, {self.sample})"
        amount = f"{self._amount(sign * estimate.difference, signed=True)}{self._unit()} in {self.role} {self.metric}"
        if self.better is None:
            return f"no significant difference between {self.a} and {self.b}: {self.b} differs by {amount} {numbers}"
        other = self.a if self.better == self.b else self.b
        return f"{self.better} is better than {other}: {amount} {numbers}"

    def _amount(self, difference: float, *, signed: bool = False) -> str:
        if self.metric in FRACTIONS:
            return f"{100 * difference:+.2f}" if signed else f"{100 * difference:.2f}"
        return ("+" if signed and difference > 0 else "") + format_number(difference)

    def _unit(self) -> str:
        return " percentage points" if self.metric in FRACTIONS else ""


def judge(groups: Sequence[Group], role: str | None, metric: str) -> list[Verdict]:
    """Verdicts on all pairs of groups, or with many groups on each with the first and with the best.

    The p-values are corrected for the number of tests. Which group is the best is known only from the results: then
    they are corrected for all pairs that could have been tested.

    Args:
        role: `test` or `validation`; by default test data, if both were measured on them.
    """
    all_pairs = list(combinations(groups, 2))
    pairs = all_pairs
    if len(groups) > MAX_ALL_PAIRS:
        ends = [groups[0].label, getattr(best_group(groups, role, metric), "label", "")]
        pairs = [pair for pair in all_pairs if any(group.label in ends for group in pair)]
    verdicts = [_judge_pair(a, b, role or _common_role(a, b), metric) for a, b in pairs]
    tested = [verdict.estimate for verdict in verdicts if verdict.estimate is not None]
    n_tests = len(tested) if pairs == all_pairs else len(tested) + len(all_pairs) - len(pairs)
    corrected = iter(holm([estimate.p for estimate in tested], n_tests=n_tests))
    return [
        verdict
        if verdict.estimate is None
        else replace(verdict, estimate=replace(verdict.estimate, p=next(corrected)), n_tests=n_tests)
        for verdict in verdicts
    ]


def best_group(groups: Sequence[Group], role: str | None, metric: str) -> Group | None:
    """The group with the best mean of a metric; None if they were not all measured on the same examples."""
    roles = [role] if role else ["test", "validation"]
    for each in roles:
        found = [(mean(values), group) for group in groups if (values := group.measured(each, metric))]
        if len(found) == len(groups) and have_same_data(groups, each):
            return (min if is_less_better(metric) else max)(found, key=lambda pair: pair[0])[1]
    return None


def describe_best(groups: Sequence[Group], verdicts: Sequence[Verdict], role: str | None, metric: str) -> str:
    """The best of three or more groups, and which of the others it is significantly better than; or an empty text."""
    best = best_group(groups, role, metric) if len(groups) > 2 else None
    if best is None:
        return ""
    own = [verdict for verdict in verdicts if best.label in (verdict.a, verdict.b) and verdict.estimate is not None]
    others = {verdict: verdict.b if verdict.a == best.label else verdict.a for verdict in own}
    beaten = [other for verdict, other in others.items() if verdict.better == best.label]
    rest = [other for verdict, other in others.items() if verdict.better is None]
    split = own[0].role if own else role or _common_role(groups[0], best)
    parts = [f"significantly better than {', '.join(beaten)}"] if beaten else []
    parts += [f"not significantly different from {', '.join(rest)}"] if rest else []
    return f"{best.label} has the best {split} {metric}{': ' if parts else ''}{'; '.join(parts)}"


def _common_role(a: Group, b: Group) -> str:
    """The split on which both were measured: test, or else validation."""
    for role in ("test", "validation"):
        if all(measured_by(group.first, role) for group in (a, b)):
            return role
    return "test"


def _judge_pair(a: Group, b: Group, role: str, metric: str) -> Verdict:
    verdict = Verdict(a.label, b.label, metric, role)
    scores = [score(run, role) for run in _counterparts(a, b)]
    if len(a.runs) == 1 and len(b.runs) == 1:
        return _judge_models(verdict, *scores)
    digests = [each.labels_digest for each in scores if isinstance(each, Scores)]
    if len(set(digests)) == 2:
        return replace(verdict, reason=f"they were not scored on the same {role} examples")
    if len(digests) < 2 and not have_same_data([a, b], role):
        return replace(verdict, reason="their data differ")
    values = [group.by_repetition(role, metric) for group in (a, b)]
    if not values[0] or not values[1]:
        return replace(verdict, reason=f"{metric} was not measured on {role} data for both")
    if min(map(len, values)) < 2:
        return replace(verdict, reason="one of them has fewer than two finished runs; train it with more seeds")
    return _judge_recipes(verdict, *values)


def _counterparts(a: Group, b: Group) -> tuple[RunRecord, RunRecord]:
    """A run of each group: with the same seed and fold, if there are such runs."""
    other = {repetition(run): run for run in b.runs}
    return next(((run, other[repetition(run)]) for run in a.runs if repetition(run) in other), (a.first, b.first))


def _judge_recipes(verdict: Verdict, a: dict[Repetition, float], b: dict[Repetition, float]) -> Verdict:
    """Two recipes, by their metric for each seed and fold: paired if they share them."""
    from dnnctl.compare.t_tests import paired_student, welch

    common = [key for key in a if key in b]
    n_folds = min((key.n_folds for key in common), default=0)
    word = "fold" if n_folds else "seed"
    if len(common) == len(a) == len(b) or len(common) >= MIN_COMMON:
        estimate = paired_student([a[key] for key in common], [b[key] for key in common], n_folds=n_folds)
        test, sample = f"Student's test, paired by {word}", f"{len(common)} {word}s"
        test += ", with the correction of Nadeau and Bengio" if n_folds else ""
    else:
        estimate = welch(list(a.values()), list(b.values()))
        test, sample = "Welch's test", f"{len(a)} and {len(b)} seeds"
    if estimate is None:
        return replace(verdict, reason=f"the differences between {word}s have no variance")
    return replace(verdict, estimate=estimate, test=test, sample=sample)


def _judge_models(verdict: Verdict, a: Scores | NoPredictions, b: Scores | NoPredictions) -> Verdict:
    """Two trained models on the same examples."""
    if isinstance(a, NoPredictions):
        return replace(verdict, reason=f"{verdict.a} {a.reason}")
    if isinstance(b, NoPredictions):
        return replace(verdict, reason=f"{verdict.b} {b.reason}")
    if a.labels_digest != b.labels_digest:
        return replace(verdict, reason=f"they were not scored on the same {verdict.role} examples")
    if verdict.metric not in a.values or verdict.metric not in b.values:
        measured = ", ".join(name for name in a.values if name in b.values)
        return replace(verdict, reason=f"single runs can only be compared by {measured}")
    ours, theirs = a.values[verdict.metric], b.values[verdict.metric]
    estimate, test = paired_bootstrap(ours, theirs), "paired bootstrap"
    if verdict.metric in FRACTIONS and np.isin([ours, theirs], (0.0, 1.0)).all():
        estimate, test = replace(estimate, p=mcnemar(ours, theirs)), "exact McNemar test"
    return replace(verdict, estimate=estimate, test=test, sample=f"{a.n:,} {verdict.role} examples")


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}" if p < 0.01 else f"p = {p:.2f}"
