"""Whether a difference means anything: the test that fits, and a sentence with its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from dnnctl.compare.group import Group, measured_by
from dnnctl.compare.paired_tests import Estimate, holm, mcnemar, paired_bootstrap
from dnnctl.compare.scores import Scores, score
from dnnctl.store.metrics import is_less_better
from dnnctl.text import format_number

SIGNIFICANT = 0.05
MAX_ALL_PAIRS = 5
"""With more groups than that, each is compared with the first alone."""
MIN_COMMON = 3
"""So many common seeds are enough to compare by them alone."""
SHARES = ("accuracy",)
"""Metrics that are read in hundredths: a difference of 0.01 is a point."""


@dataclass(frozen=True)
class Verdict:
    """Two groups compared by one metric."""

    a: str
    b: str
    metric: str
    role: str
    """The part of the data: `test` or `validation`."""
    estimate: Estimate | None = None
    """b - a; none where nothing can be tested."""
    test: str = ""
    """What the p-value comes from."""
    sample: str = ""
    """How much it rests on."""
    reason: str = ""
    """Why nothing can be tested."""
    n_tests: int = 1
    """Over how many tests the p-value is corrected, by Holm's method."""

    @property
    def better(self) -> str | None:
        """The better group's label, if a difference can be claimed."""
        if self.estimate is None or self.estimate.p >= SIGNIFICANT or self.estimate.difference == 0:
            return None
        is_b = (self.estimate.difference > 0) != is_less_better(self.metric)
        return self.b if is_b else self.a

    def __str__(self) -> str:
        if self.estimate is None:
            return f"{self.a} and {self.b}: nothing can be claimed, {self.reason}"
        estimate = self.estimate
        sign = -1 if self.better == self.a else 1
        bounds = sorted((sign * estimate.low, sign * estimate.high))
        is_one = self.n_tests == 1
        interval = (
            f"95 % interval{'' if is_one else ' by itself'} {self._amount(bounds[0])} to {self._amount(bounds[1])}"
        )
        corrected = "" if is_one else f" after Holm's correction for {self.n_tests} tests"
        numbers = f"({interval}, {_p(estimate.p)}{corrected}, {self.test}, {self.sample})"
        amount = f"{self._amount(sign * estimate.difference, signed=True)}{self._unit()} {self.role} {self.metric}"
        if self.better is None:
            return f"no difference can be claimed between {self.a} and {self.b}: {self.b} has {amount} {numbers}"
        other = self.a if self.better == self.b else self.b
        return f"{self.better} is better than {other}: {amount} {numbers}"

    def _amount(self, difference: float, *, signed: bool = False) -> str:
        if self.metric in SHARES:
            return f"{100 * difference:+.2f}" if signed else f"{100 * difference:.2f}"
        return ("+" if signed and difference > 0 else "") + format_number(difference)

    def _unit(self) -> str:
        return " points of" if self.metric in SHARES else ""


def judge(groups: Sequence[Group], role: str | None, metric: str) -> list[Verdict]:
    """Every pair of groups, or with many groups each against the first, with p-values corrected over the tests.

    Args:
        role: `test` or `validation`; if neither is asked for, test data where both have been measured on them.
    """
    pairs = list(combinations(groups, 2)) if len(groups) <= MAX_ALL_PAIRS else [(groups[0], g) for g in groups[1:]]
    verdicts = [_judge_pair(a, b, role or _common_role(a, b), metric) for a, b in pairs]
    tested = [verdict.estimate for verdict in verdicts if verdict.estimate is not None]
    corrected = iter(holm([estimate.p for estimate in tested]))
    return [
        verdict
        if verdict.estimate is None
        else replace(verdict, estimate=replace(verdict.estimate, p=next(corrected)), n_tests=len(tested))
        for verdict in verdicts
    ]


def _common_role(a: Group, b: Group) -> str:
    """The data on which both have been measured: test data if they can be, else validation data."""
    for role in ("test", "validation"):
        if all(measured_by(group.first, role) for group in (a, b)):
            return role
    return "test"


def _judge_pair(a: Group, b: Group, role: str, metric: str) -> Verdict:
    verdict = Verdict(a.label, b.label, metric, role)
    scores = score(a.first, role), score(b.first, role)
    if len(a.runs) == 1 and len(b.runs) == 1:
        return _judge_models(verdict, *scores)
    if scores[0] and scores[1] and scores[0].labels_digest != scores[1].labels_digest:
        return replace(verdict, reason=f"for they were not scored on the same {role} examples")
    values = [group.by_seed(role, metric) for group in (a, b)]
    if not values[0] or not values[1]:
        return replace(verdict, reason=f"for {metric} was not measured on {role} data in both")
    if min(map(len, values)) < 2:
        return replace(verdict, reason="for one of them has fewer than two finished runs: train more seeds of it")
    return _judge_recipes(verdict, *values)


def _judge_recipes(verdict: Verdict, a: dict[Any, float], b: dict[Any, float]) -> Verdict:
    """Two recipes, by their figures for each seed: in pairs where they share seeds."""
    from dnnctl.compare.t_tests import paired_student, welch

    common = [seed for seed in a if seed in b]
    if len(common) == len(a) == len(b) or len(common) >= MIN_COMMON:
        estimate = paired_student([a[seed] for seed in common], [b[seed] for seed in common])
        test, sample = "Student's test, paired by seed", f"{len(common)} seeds"
    else:
        estimate = welch(list(a.values()), list(b.values()))
        test, sample = "Welch's test", f"{len(a)} and {len(b)} seeds"
    if estimate is None:
        return replace(verdict, reason="for their seeds differ by nothing, or all by the same: chance cannot be judged")
    return replace(verdict, estimate=estimate, test=test, sample=sample)


def _judge_models(verdict: Verdict, a: Scores | None, b: Scores | None) -> Verdict:
    """Two trained models on the same examples."""
    if a is None or b is None:
        label = verdict.a if a is None else verdict.b
        return replace(verdict, reason=f"for {label} has left no predictions on {verdict.role} data")
    if a.labels_digest != b.labels_digest:
        return replace(verdict, reason=f"for they were not scored on the same {verdict.role} examples")
    if verdict.metric not in a.values or verdict.metric not in b.values:
        measured = ", ".join(name for name in a.values if name in b.values)
        return replace(verdict, reason=f"for single examples are scored by {measured} alone")
    ours, theirs = a.values[verdict.metric], b.values[verdict.metric]
    estimate, test = paired_bootstrap(ours, theirs), "paired bootstrap"
    if verdict.metric == "accuracy":
        estimate, test = replace(estimate, p=mcnemar(ours, theirs)), "exact McNemar test"
    return replace(verdict, estimate=estimate, test=test, sample=f"{a.n:,} {verdict.role} examples")


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}" if p < 0.01 else f"p = {p:.2f}"
