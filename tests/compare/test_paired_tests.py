"""Tests and intervals of two models on the same examples, against SciPy and statsmodels, and their coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests

from dnnctl.compare.paired_tests import bootstrap_means, holm, mcnemar, paired_bootstrap


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_mcnemar_is_that_of_statsmodels(n_a: int, n_b: int, n_both: int) -> None:
    a = np.array([1] * n_a + [0] * n_b + [1] * n_both + [0], float)
    b = np.array([0] * n_a + [1] * n_b + [1] * n_both + [0], float)
    table = [[n_both, n_a], [n_b, 1]]
    assert mcnemar(a, b) == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue, abs=1e-12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_few_and_many_distinct_values_are_resampled_alike() -> None:
    """Drawing counts and drawing examples give the same distribution: its mean and deviation are those of theory."""
    draw = np.random.default_rng(3)
    for values in (draw.integers(0, 2, 400).astype(float), draw.normal(size=400)):
        means = bootstrap_means(values)
        assert means.mean() == pytest.approx(values.mean(), abs=4 * values.std() / 20 / 100)
        assert means.std() == pytest.approx(values.std() / 20, rel=0.03)


def pairs(n_experiments: int, *, effect: float, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two classifiers on the same 500 examples, some harder than others; b is better by `effect`."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(n_experiments):
        easy = draw.beta(4, 1, 500) * (1 - effect)
        found.append(((draw.random(500) < easy).astype(float), (draw.random(500) < easy + effect).astype(float)))
    return found


def test_95_percent_of_intervals_contain_the_true_difference() -> None:
    estimates = [paired_bootstrap(a, b, n_resamples=2000) for a, b in pairs(1000, effect=0.05, seed=1)]
    covered = np.mean([estimate.low <= 0.05 <= estimate.high for estimate in estimates])
    assert 0.93 <= covered <= 0.97


def test_95_percent_of_intervals_of_continuous_scores_do_too() -> None:
    draw = np.random.default_rng(5)
    covered = []
    for _ in range(1000):
        a, b = draw.exponential(size=(2, 200))
        estimate = paired_bootstrap(a, b + 0.2, n_resamples=1000)
        covered.append(estimate.low <= 0.2 <= estimate.high)
    assert 0.93 <= np.mean(covered) <= 0.97


def test_equal_models_differ_significantly_in_at_most_6_percent() -> None:
    experiments = pairs(1000, effect=0.0, seed=2)
    assert np.mean([mcnemar(a, b) < 0.05 for a, b in experiments]) <= 0.06
    assert np.mean([paired_bootstrap(a, b, n_resamples=1000).p < 0.05 for a, b in experiments]) <= 0.06
