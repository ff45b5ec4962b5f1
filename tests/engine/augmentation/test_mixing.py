"""Mixing against its formula, and the distribution of λ against the regularized incomplete beta function."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.engine.augmentation.mixing import mix_up, own_share
from dnnctl.specs.augment import Mixup

DRAW = np.random.default_rng(5)


@pytest.mark.parametrize("shape", [(4,), (5, 4, 3)])
def test_mixup_is_a_weighted_mean(shape: tuple[int, ...]) -> None:
    inputs, others = DRAW.normal(size=(2, 6, *shape)).astype(np.float32)
    u = DRAW.uniform(0, 1, (6, 2)).astype(np.float32)
    canvas = Canvas(shape, 0.0, 1.0, np.array(1.0, np.float32))
    mixed, share = (np.asarray(part) for part in mix_up(Mixup(kind="mixup"), canvas, inputs, others, u))
    for found, one, other, own in zip(mixed, inputs, others, share, strict=True):
        assert found == pytest.approx(own * one + (1 - own) * other, abs=1e-6)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1.0, 4.0, 100.0])
def test_shares_are_the_greater_part_of_a_beta_distribution(alpha: float) -> None:
    """Kolmogorov's distance between 20,000 shares and the distribution 2·I(x; α, α) − 1 for x from 1/2 to 1."""
    n = 20_000
    shares = np.sort(np.asarray(own_share(alpha, DRAW.uniform(0, 1, (n, 2)).astype(np.float32)), np.float64))
    assert shares[0] >= 0.5
    assert shares[-1] <= 1.0
    inside = shares[shares < 1 - 1e-6]
    expected = 2 * np.asarray(tf.math.betainc(np.float64(alpha), np.float64(alpha), inside)) - 1
    assert np.abs(np.arange(1, len(inside) + 1) / n - expected).max() < 1.95 / np.sqrt(n)


@pytest.mark.parametrize("u", [0.0, 0.25, 0.5, 1 - 2.0**-24])
def test_shares_are_finite_at_the_ends_of_the_range(u: float) -> None:
    for other in (0.0, 0.25, 0.75, 1 - 2.0**-24):
        for alpha in (0.01, 0.2, 1.0, 100.0):
            share = float(own_share(alpha, np.array([[u, other]], np.float32))[0])
            assert 0.5 <= share <= 1.0
