"""Student's distribution, against SciPy's."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtr, stdtrit

from dnnctl.compare.student import quantile, tail

FREEDOM = st.one_of(st.integers(1, 200).map(float), st.floats(1, 500))


@given(st.floats(-1e4, 1e4), FREEDOM)
@settings(max_examples=300, deadline=None)
def test_tails_are_those_of_scipy(t: float, freedom: float) -> None:
    assert tail(t, freedom) == pytest.approx(float(stdtr(freedom, -abs(t))), rel=1e-10, abs=1e-290)


@given(st.floats(0.51, 0.99999), FREEDOM)
@settings(max_examples=100, deadline=None)
def test_quantiles_are_those_of_scipy(probability: float, freedom: float) -> None:
    assert quantile(probability, freedom) == pytest.approx(float(stdtrit(freedom, probability)), rel=1e-8)


def test_known_values() -> None:
    """One degree of freedom is Cauchy's distribution: P(T >= 1) = 1/4."""
    assert (tail(0, 5), tail(1, 1)) == pytest.approx((0.5, 0.25))
    assert quantile(0.975, 10) == pytest.approx(2.2281, abs=5e-5)
