"""Tests and intervals of several seeds, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dnnctl.compare.t_tests import interval_of_mean, interval_of_ratio, paired_student, welch

FIGURES = st.lists(st.floats(-10, 10).map(lambda x: round(x, 3)), min_size=2, max_size=8)


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(FIGURES, FIGURES)
@settings(max_examples=100, deadline=None)
def test_welch_is_that_of_scipy(a: list[float], b: list[float]) -> None:
    found = welch(a, b)
    if np.var(a) + np.var(b) == 0:
        assert found is None
        return
    assert found is not None
    expected = stats.ttest_ind(b, a, equal_var=False)
    interval = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


@pytest.mark.filterwarnings("ignore:Precision loss")
@given(FIGURES)
@settings(max_examples=50, deadline=None)
def test_pairs_are_tested_as_scipy_does(a: list[float]) -> None:
    b = [x + 0.3 + 0.1 * i for i, x in enumerate(a)]
    expected = stats.ttest_rel(b, a)
    interval = expected.confidence_interval(0.95)
    found = paired_student(a, b)
    assert found is not None
    assert found.p == pytest.approx(expected.pvalue, rel=1e-6)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-6)


def test_seeds_without_variance_cannot_be_tested() -> None:
    """Two seeds that differ by the same amount prove nothing."""
    assert paired_student([0.5, 0.25], [0.75, 0.5]) is None
    assert welch([0.5, 0.5], [0.75, 0.75]) is None


def test_the_interval_of_a_mean_is_that_of_scipy() -> None:
    values = [0.81, 0.84, 0.82, 0.86]
    expected = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert interval_of_mean(values) == pytest.approx(expected)


def test_folds_are_tested_with_the_corrected_variance() -> None:
    """The oracle is the formula of Nadeau and Bengio, with n₂/n₁ = 1/(k - 1), computed with SciPy's distribution."""
    a, b = np.array([0.81, 0.84, 0.80, 0.83, 0.85]), np.array([0.84, 0.85, 0.84, 0.88, 0.86])
    found = paired_student(list(a), list(b), n_folds=5)
    assert found is not None
    error = np.sqrt((1 / 5 + 1 / 4) * np.var(b - a, ddof=1))
    assert found.p == pytest.approx(2 * stats.t.sf((b - a).mean() / error, 4), rel=1e-9)
    half = stats.t.ppf(0.975, 4) * error
    assert (found.low, found.high) == pytest.approx(((b - a).mean() - half, (b - a).mean() + half), rel=1e-9)


def test_the_interval_of_a_ratio_has_the_ratios_that_the_paired_test_accepts() -> None:
    """The oracle is Student's test of a - r b: at both ends of the interval, p is 0.05."""
    draw = np.random.default_rng(3)
    b = draw.normal(4, 1, 8)
    a = 0.7 * b + draw.normal(0, 0.5, 8)
    found = interval_of_ratio(a.tolist(), b.tolist())
    assert found is not None
    assert found.low < found.value < found.high
    for end in (found.low, found.high):
        tested = paired_student((end * b).tolist(), a.tolist())
        assert tested is not None
        assert tested.p == pytest.approx(0.05)
    assert interval_of_ratio([1.0, 2.0, 3.0], [1.0, -1.0, 0.1]) is None
