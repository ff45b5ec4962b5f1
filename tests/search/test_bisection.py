"""The search for the keys that carry a difference: planted keys are found, and noise is not called a finding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dnnctl.search.bisection import Bisection, Finding
from dnnctl.search.paired_scores import Measure, Subset

N_KEYS, N_TIMES, NOISE, SEED_EFFECT = 10, 200, 1.0, 3.0


def world(number: int, effect: Callable[[Subset], float], *, noise: float = NOISE) -> Measure:
    """Recipes whose scores are an effect of their keys, one of the seed, and noise."""

    def measure(subset: Subset, seed: int) -> float:
        of_seed = np.random.default_rng([number, seed]).normal(0, SEED_EFFECT)
        own = np.random.default_rng([number, seed, 7, *(key + 1 for key in sorted(subset))]).normal(0, noise)
        return float(effect(subset) + of_seed + own)

    return measure


def simulate(n_planted: int, effect: float, budget: int = 40) -> list[tuple[set[int], Finding]]:
    """Many bisections in which the planted keys have an effect only together, with what was planted."""
    found = []
    for number in range(N_TIMES):
        drawn = np.random.default_rng(number).choice(N_KEYS, n_planted, replace=False)
        planted = frozenset(drawn.tolist())
        measure = world(number, lambda subset, planted=planted: effect * (planted <= subset))  # type: ignore[misc]
        search = Bisection(N_KEYS, measure, budget=budget)
        finding = search.run()
        assert search.n_trainings <= budget
        found.append((set(planted), finding))
    return found


@pytest.mark.parametrize(("n_planted", "budget"), [(1, 40), (2, 60)])
def test_planted_keys_among_ten_are_found(n_planted: int, budget: int) -> None:
    """The effect is four times the noise of a training. Nine of ten bisections or more find exactly these keys."""
    found = simulate(n_planted, effect=-4, budget=budget)
    exact = [not finding.reason and set(finding.keys) == planted for planted, finding in found]
    assert np.mean(exact) >= 0.9
    without = [planted for planted, finding in found if not finding.reason and not planted <= set(finding.keys)]
    assert len(without) <= 0.05 * N_TIMES


def test_without_a_difference_nothing_is_claimed() -> None:
    """At most in one of twenty bisections, which is the level of the tests."""
    claims = [finding for _, finding in simulate(0, effect=0) if not finding.reason]
    assert len(claims) <= 0.05 * N_TIMES


def test_a_search_that_is_cut_off_claims_no_smallest_set() -> None:
    """The smallest set that was found is confirmed, and has the planted keys; it is not said to be minimal."""
    for planted, finding in simulate(2, effect=4, budget=30)[:50]:
        assert finding.reason or set(finding.keys) == planted or not finding.is_minimal


def test_the_explained_fraction_is_that_of_the_keys() -> None:
    """Key 4 has three quarters of the effect. The 95 % intervals contain this in nine of ten bisections or more."""
    found = [
        Bisection(6, world(number, lambda subset: 9.0 * (4 in subset) + 3.0 * (1 in subset))).run()
        for number in range(100)
    ]
    shares = [finding.explained for finding in found if finding.keys == (4,) and finding.explained is not None]
    assert len(shares) > 70
    assert np.mean([share.low <= 0.75 <= share.high for share in shares]) >= 0.9


def test_recipes_without_a_result_are_skipped() -> None:
    """Key 2 alone carries the difference, but every recipe with key 0 and without key 1 has no result."""
    rest = world(1, lambda subset: 10.0 * (2 in subset))
    finding = Bisection(4, lambda subset, seed: None if 0 in subset and 1 not in subset else rest(subset, seed)).run()
    assert (finding.keys, finding.reason) == ((2,), "")


def test_if_a_or_b_has_no_result_it_is_named() -> None:
    """No key can be tested then."""
    finding = Bisection(3, lambda subset, seed: None if len(subset) == 3 and seed == 1 else 1.0).run()
    assert finding.reason == "B has no result with seed number 2"


@pytest.mark.parametrize("step", [0.0, 0.5])
def test_scores_without_noise_need_no_division_by_zero(step: float) -> None:
    """Equal differences for all seeds are tested by their signs."""
    finding = Bisection(3, lambda subset, _: step * (1 in subset)).run()
    assert (finding.keys, bool(finding.reason)) == (((1,), False) if step else ((), True))
