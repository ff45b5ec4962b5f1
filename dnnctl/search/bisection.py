"""Which of the keys that differ between two recipes carry the difference of their results: delta debugging with noise.

Keys are numbered. A subset of them means recipe A with the values of B for these keys. Each question is asked with the
same seeds for all recipes: first with n, and with 2n if these do not decide. What is found is tested with seeds that
had no part in the search, so that the number of questions needs no correction.

Source: Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dnnctl.compare.interval import Interval
from dnnctl.compare.paired_tests import Estimate
from dnnctl.compare.t_tests import interval_of_ratio
from dnnctl.search.paired_scores import (
    Measure,
    OutOfBudgetError,
    PairedScores,
    PooledNoise,
    Subset,
    Weights,
    estimate,
    one_sided,
)

A: Subset = frozenset()
LEVELS = (0.01, 0.04)
"""The levels of the two looks of a test, at n and at 2n seeds."""
SIGNIFICANT = sum(LEVELS)
DECIDED = 0.1
"""The one-sided level of a question of the search. It is loose, because the search makes no claim."""


@dataclass(frozen=True)
class Finding:
    """What a bisection has found."""

    difference: Estimate | None = None
    """B - A over the seeds of the search; None if it was not measured."""
    keys: tuple[int, ...] = ()
    """The smallest set of keys that was found to carry the difference; empty if there is no difference."""
    explained: Interval | None = None
    """The fraction of the difference that they carry, over all seeds; None if it cannot be estimated."""
    p: float | None = None
    """The p-value of the test with fresh seeds, corrected for two looks."""
    is_minimal: bool = False
    """Whether no smaller set was missed because the budget or the evidence did not suffice."""
    reason: str = ""
    """Why nothing can be claimed; empty if the keys are confirmed."""


@dataclass
class Bisection:
    """A search for the keys that carry the difference between A and B.

    Args:
        n_keys: the number of keys that differ, at least 1.
        n_seeds: n, at least 2.
        budget: the maximum number of trainings.
    """

    n_keys: int
    measure: Measure
    n_seeds: int = 3
    budget: int = 40
    _sign: float = 1.0
    _noise: PooledNoise = field(default_factory=PooledNoise)
    _is_doubtful: bool = False
    """Whether a question was not decided."""

    def __post_init__(self) -> None:
        self._b: Subset = frozenset(range(self.n_keys))
        self._smallest_known = self._b
        self._scores = PairedScores(self.measure, self.budget)

    @property
    def n_trainings(self) -> int:
        """The number of trainings so far."""
        return len(self._scores.known)

    def run(self) -> Finding:
        """Train until the keys are found and confirmed, or nothing more can be found."""
        whole = {self._b: 1.0, A: -1.0}
        difference, p = self._test(whole, first_seed=0)
        if difference is None:
            return Finding(reason=self._why_untested())
        if p >= SIGNIFICANT:
            n = len(self._scores.seeds(A))
            return Finding(difference, reason=f"A and B do not differ significantly with {n} seeds")
        self._sign = 1.0 if difference.difference > 0 else -1.0
        self._noise.add(whole, self._scores.known_sums(whole, self._scores.seeds(self._b)) or [])
        self._scores.limit = self.budget - 2 * (self.n_seeds + 1)
        try:
            found = self._smallest()
        except OutOfBudgetError:
            found, self._is_doubtful = self._smallest_known, True
        self._scores.limit = self.budget
        return self._confirmed(difference, found)

    def _smallest(self) -> Subset:
        """The smallest set of keys that carries the difference, if a larger set carries what a smaller one does.

        Add the keys in order: the one with which the difference appears is needed, and binary search finds it. The next
        one is among those before it, until the needed keys alone carry the difference.
        """
        needed, candidates = A, list(range(self.n_keys))
        while candidates and not (needed and self._carries(needed)):
            fails, carries = 0, len(candidates)
            while carries - fails > 1:
                middle = (fails + carries) // 2
                if self._carries(needed | set(candidates[:middle])):
                    carries = middle
                else:
                    fails = middle
            needed |= {candidates[carries - 1]}
            candidates = candidates[: carries - 1]
        return self._smallest_known

    def _carries(self, subset: Subset) -> bool:
        """Whether a subset carries more than half of the difference; False if that cannot be decided."""
        if subset == self._b:
            return True
        weights = {subset: self._sign, A: -self._sign / 2, self._b: -self._sign / 2}
        for n in (self.n_seeds, 2 * self.n_seeds):
            sums = self._scores.sums(weights, range(n))
            if sums is None:
                break
            p = self._noise.p_above_zero(weights, sums)
            if p <= DECIDED:
                self._smallest_known = min(self._smallest_known, subset, key=len)
                return True
            if p >= 1 - DECIDED:
                return False
        self._is_doubtful = True
        return False

    def _confirmed(self, difference: Estimate, found: Subset) -> Finding:
        """The finding, tested with fresh seeds: A with these values of B differs from A, in the direction of B."""
        weights = {found: self._sign, A: -self._sign}
        tested, p = self._test(weights, first_seed=2 * self.n_seeds, is_one_sided=True)
        reason = "" if p < SIGNIFICANT else "fresh seeds do not confirm it" if tested else self._why_untested()
        return Finding(
            difference=difference,
            keys=tuple(sorted(found)),
            explained=self._explained(found),
            p=p if tested else None,
            is_minimal=len(found) == 1 or not self._is_doubtful,
            reason=reason,
        )

    def _explained(self, found: Subset) -> Interval | None:
        """(S - A) / (B - A), over the seeds for which all three are known."""
        if found == self._b:
            return Interval(1.0, 1.0, 1.0)
        common = [seed for seed in self._scores.seeds(found) if seed in self._scores.seeds(self._b)]
        part = self._scores.known_sums({found: 1.0, A: -1.0}, common)
        whole = self._scores.known_sums({self._b: 1.0, A: -1.0}, common)
        return interval_of_ratio(part, whole) if part and whole else None

    def _test(self, weights: Weights, *, first_seed: int, is_one_sided: bool = False) -> tuple[Estimate | None, float]:
        """The mean of a weighted sum over seeds, and its p-value corrected for two looks; None if there is no result.

        The second look has fewer seeds if the budget ends.
        """
        found, smallest = None, 1.0
        for look, level in enumerate(LEVELS, 1):
            n = min(look * self.n_seeds, self._scores.n_affordable(weights, first_seed))
            if n < self.n_seeds or (found and n == self.n_seeds):
                break
            sums = self._scores.sums(weights, range(first_seed, first_seed + n))
            if sums is None:
                return None, 1.0
            found = estimate(sums)
            p = one_sided(found) if is_one_sided else found.p
            smallest = min(smallest, p * SIGNIFICANT / level)
            if smallest < SIGNIFICANT:
                break
        return found, smallest

    def _why_untested(self) -> str:
        failed = [(subset, seed) for (subset, seed), score in self._scores.known.items() if score is None]
        for subset, seed in failed[-1:]:
            name = "A" if subset == A else "B" if subset == self._b else "one of the recipes"
            return f"{name} has no result with seed number {seed + 1}"
        return f"a budget of {self.budget} is too small"
