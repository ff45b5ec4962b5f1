"""The scores of subsets of keys with common seeds, and tests of their differences.

A weighted sum of scores is taken for each seed, so that what a seed does to all subsets cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import mean

from scipy.special import stdtr

from dnnctl.compare.paired_tests import Estimate
from dnnctl.compare.t_tests import paired_student

Subset = frozenset[int]
Measure = Callable[[Subset, int], float | None]
"""The score of a subset with a seed, numbered from 0; None if the subset has no result."""
Weights = Mapping[Subset, float]
"""The weights of the scores of subsets in a sum."""


class OutOfBudgetError(Exception):
    """The next question does not fit into the budget."""


@dataclass
class PairedScores:
    """Scores, each measured once, within a number of measurements."""

    measure: Measure
    limit: int
    known: dict[tuple[Subset, int], float | None] = field(default_factory=dict)

    def sums(self, weights: Weights, seeds: Sequence[int]) -> list[float] | None:
        """The weighted sum for each seed; None if one of the subsets has no result.

        Raises:
            OutOfBudgetError: too many scores would have to be measured. None is.
        """
        new = [(subset, seed) for seed in seeds for subset in weights if (subset, seed) not in self.known]
        if len(self.known) + len(new) > self.limit:
            raise OutOfBudgetError
        for each in new:
            self.known[each] = self.measure(*each)
            if self.known[each] is None:
                return None
        return self.known_sums(weights, seeds)

    def known_sums(self, weights: Weights, seeds: Sequence[int]) -> list[float] | None:
        """The same, of scores that were measured before."""
        sums = []
        for seed in seeds:
            scores = [self.known.get((subset, seed)) for subset in weights]
            if None in scores:
                return None
            sums.append(sum(weight * (score or 0.0) for weight, score in zip(weights.values(), scores, strict=True)))
        return sums

    def seeds(self, subset: Subset) -> list[int]:
        """The seeds for which a subset was measured."""
        return [seed for other, seed in self.known if other == subset]

    def n_affordable(self, weights: Weights, first_seed: int) -> int:
        """The number of seeds from the first one that the limit allows."""
        n_known = min(sum(seed >= first_seed for seed in self.seeds(subset)) for subset in weights)
        return n_known + (self.limit - len(self.known)) // len(weights)


@dataclass
class PooledNoise:
    """The variance of a score within a seed, pooled over all questions: three seeds alone show little of it."""

    _deviations: dict[Subset, tuple[float, int]] = field(default_factory=dict)
    """For the newest look at each subset the squared deviations, scaled to one score, and their degrees of freedom."""

    def add(self, weights: Weights, sums: Sequence[float]) -> None:
        """Learn from the sums of a question; the first of its subsets is the one that it is about."""
        size, center = sum(weight**2 for weight in weights.values()), mean(sums)
        self._deviations[next(iter(weights))] = sum((value - center) ** 2 for value in sums) / size, len(sums) - 1

    def p_above_zero(self, weights: Weights, sums: Sequence[float]) -> float:
        """The one-sided p-value of a mean above 0, by Student's test with the pooled variance."""
        self.add(weights, sums)
        total, freedom = map(sum, zip(*self._deviations.values(), strict=True))
        size, center = sum(weight**2 for weight in weights.values()), mean(sums)
        error = sqrt(size * total / freedom / len(sums))
        if error == 0:
            return 0.5 if center == 0 else float(center < 0)
        return float(stdtr(freedom, -center / error))


def estimate(sums: Sequence[float]) -> Estimate:
    """The mean by Student's test; without variance, p is that of the sign test: 2 / 2^n."""
    found = paired_student([0.0] * len(sums), sums)
    if found is not None:
        return found
    return Estimate(sums[0], sums[0], sums[0], 2 / 2 ** len(sums) if sums[0] else 1.0)


def one_sided(found: Estimate) -> float:
    """The p-value of a mean above 0."""
    if found.difference == 0:
        return 0.5
    return found.p / 2 if found.difference > 0 else 1 - found.p / 2
