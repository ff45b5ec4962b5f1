"""Tests that compare two models on the same examples, and the correction for multiple tests.

Sources: McNemar (1947), exact by the binomial distribution; Efron (1979); Holm (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
CONFIDENCE = 0.95
N_RESAMPLES = 10_000
FEW = 3
MAX_CELLS = 4_000_000
"""The maximum number of values drawn at once, which limits the memory of a bootstrap."""


@dataclass(frozen=True)
class Estimate:
    """A difference b - a, with its 95 % interval and its p-value."""

    difference: float
    low: float
    high: float
    p: float


def mcnemar(a: Floats, b: Floats) -> float:
    """The p-value of McNemar's exact test for two classifiers on the same examples.

    Args:
        a, b: 1 if correct, 0 if wrong, for each example (N,).

    If both are equally good, an example that only one classifies correctly is equally likely to be a's or b's:
    p = min(1, 2 P(X <= min(n_a, n_b))), X ~ Binomial(n_a + n_b, 1/2).
    """
    n_a = int(np.sum((a > 0.5) & (b < 0.5)))
    n_b = int(np.sum((b > 0.5) & (a < 0.5)))
    if n_a + n_b == 0:
        return 1.0
    n = n_a + n_b
    term = n_tail = 1
    for k in range(min(n_a, n_b)):
        term = term * (n - k) // (k + 1)  # the binomial coefficient n over k + 1, a whole number
        n_tail += term
    return min(1.0, float(2 * n_tail / 2**n))


def bootstrap_means(values: Floats, *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Floats:
    """The means of resamples with replacement, of values (N,)."""
    draw = np.random.default_rng(seed)
    distinct, counts = np.unique(values, return_counts=True)
    n = len(values)
    if len(distinct) <= max(FEW, n // 20):  # few distinct values: their counts in a resample are multinomial
        drawn = draw.multinomial(n, counts / n, size=n_resamples)
        return np.asarray(drawn @ distinct / n)
    means = np.empty(n_resamples)
    rows = max(1, MAX_CELLS // n)
    centred = values.astype(np.float32) - np.float32(values.mean())
    for first in range(0, n_resamples, rows):
        n_rows = min(rows, n_resamples - first)
        sample = centred[draw.integers(0, n, (n_rows, n), dtype=np.int32)]
        means[first : first + n_rows] = sample.mean(axis=1, dtype=np.float64)
    return means + float(values.mean())


def paired_bootstrap(a: Floats, b: Floats, *, seed: int = 0, n_resamples: int = N_RESAMPLES) -> Estimate:
    """The difference of two means over the same examples (N,), with its percentile interval.

    p is twice the fraction of resamples on the other side of 0, with 1 added to both counts (Davison and Hinkley,
    1997, section 4.4).
    """
    differences = b - a
    means = bootstrap_means(differences, seed=seed, n_resamples=n_resamples)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    n_beyond = min(int(np.sum(means <= 0)), int(np.sum(means >= 0)))
    p = min(1.0, 2 * (n_beyond + 1) / (n_resamples + 1))
    return Estimate(float(differences.mean()), float(low), float(high), p)


def holm(p_values: Sequence[float], *, n_tests: int | None = None) -> list[float]:
    """Holm's step-down correction: the i-th smallest of m p-values times m - i + 1, made non-decreasing, at most 1.

    Args:
        n_tests: m; by default the number of p-values. A larger number is for tests that could have been made: whatever
            their p-values are, none of these becomes larger than with this m.
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, ((n_tests or len(p_values)) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected
