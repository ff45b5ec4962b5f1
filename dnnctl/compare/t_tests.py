"""Tests that compare recipes by several seeds each. Student's t distribution is from SciPy.

Sources: Student (1908); Welch (1947); for folds Nadeau and Bengio, Inference for the Generalization Error (2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.special import stdtr, stdtrit

from dnnctl.compare.interval import Interval
from dnnctl.compare.paired_tests import CONFIDENCE, Estimate


def welch(a: Sequence[float], b: Sequence[float]) -> Estimate | None:
    """Welch's test for two groups of runs, at least two in each; None if the values have no variance.

    t = (mean_b - mean_a) / s, s^2 = v_a/n_a + v_b/n_b,
    degrees of freedom s^4 / ((v_a/n_a)^2/(n_a - 1) + (v_b/n_b)^2/(n_b - 1)).
    """
    part_a, part_b = (float(np.var(group, ddof=1)) / len(group) for group in (a, b))
    error = sqrt(part_a + part_b)
    difference = float(np.mean(b) - np.mean(a))
    if error == 0:
        return None
    freedom = (part_a + part_b) ** 2 / (part_a**2 / (len(a) - 1) + part_b**2 / (len(b) - 1))
    return _student(difference, error, freedom)


def paired_student(a: Sequence[float], b: Sequence[float], *, n_folds: int = 0) -> Estimate | None:
    """Student's test for n pairs of runs with the same seeds, at least two: t = mean(b - a) / (sd(b - a) √(1/n)).

    The k folds of cross-validation share training examples, so their differences vary less than those of independent
    data. The corrected test has √(1/n + 1/(k - 1)) in place of √(1/n). None if the differences have no variance.

    Args:
        n_folds: k; 0 for pairs without cross-validation.
    """
    differences = np.asarray(b, np.float64) - np.asarray(a, np.float64)
    shared = 1 / (n_folds - 1) if n_folds else 0.0
    error = float(np.std(differences, ddof=1)) * sqrt(1 / len(differences) + shared)
    if error == 0:
        return None
    return _student(float(differences.mean()), error, len(differences) - 1)


def interval_of_mean(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean of two or more values, by Student's t distribution."""
    error = float(np.std(values, ddof=1)) / sqrt(len(values))
    half = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * error
    return float(np.mean(values)) - half, float(np.mean(values)) + half


def interval_of_ratio(a: Sequence[float], b: Sequence[float]) -> Interval | None:
    """mean(a) / mean(b) of n pairs, at least two, with its 95 % interval by Fieller's theorem (1954).

    The interval has all r for which the mean of a - r b does not differ significantly from 0:
    (r̂ - g v_ab/v_b ± (t/|b̄|) √(v_a - 2 r̂ v_ab + r̂² v_b - g (v_a - v_ab²/v_b))) / (1 - g), with g = t² v_b / b̄².
    None if that is no interval, because mean(b) does not differ significantly from 0.
    """
    mean_a, mean_b = float(np.mean(a)), float(np.mean(b))
    (v_a, v_ab), (_, v_b) = (np.cov(a, b) / len(a)).tolist()
    t = float(stdtrit(len(a) - 1, (1 + CONFIDENCE) / 2))
    if mean_b == 0 or (g := t**2 * v_b / mean_b**2) >= 1:
        return None
    ratio, slope = mean_a / mean_b, v_ab / v_b if v_b else 0.0
    spread = v_a - 2 * ratio * v_ab + ratio**2 * v_b - g * (v_a - v_ab * slope)
    center, half = (ratio - g * slope) / (1 - g), t / abs(mean_b) * sqrt(max(spread, 0.0)) / (1 - g)
    return Interval(ratio, center - half, center + half)


def _student(difference: float, error: float, freedom: float) -> Estimate:
    p = 2 * float(stdtr(freedom, -abs(difference) / error))
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * error
    return Estimate(difference, difference - half, difference + half, p)
