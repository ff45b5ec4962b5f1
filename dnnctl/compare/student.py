"""Student's distribution, without SciPy, which takes longer to import than a comparison takes to compute."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

TINY = 1e-300
PRECISION = 1e-15
MAX_TERMS = 10_000


def tail(t: float, freedom: float) -> float:
    """P(T >= |t|) for Student's t: I_x(v/2, 1/2) / 2 with x = v / (v + t^2), v degrees of freedom."""
    square = t * t
    return 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square))


def quantile(probability: float, freedom: float) -> float:
    """The t with P(T <= t) = probability, for a probability above 1/2.

    quantile(0.975, 10) = 2.2281
    """
    low, high = 0.0, 1.0
    while tail(high, freedom) > 1 - probability:
        low, high = high, 2 * high
    while high - low > PRECISION * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if tail(middle, freedom) > 1 - probability else (low, middle)
    return (low + high) / 2


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularized incomplete beta function I_x(a, b).

    Args:
        rest: 1 - x, given because subtracting would lose its digits.

    Source: NIST Digital Library of Mathematical Functions, 8.17.22.
    """
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - _incomplete_beta(b, a, rest, x)
    log_x, log_rest = (log(x), log1p(-x)) if x < 0.5 else (log1p(-rest), log(rest))
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log_x + b * log_rest)
    return front / (a * _continued_fraction(a, b, x))


def _continued_fraction(a: float, b: float, x: float) -> float:
    """1 + d_1 / (1 + d_2 / (1 + …)), by Lentz's method."""
    value = upper = 1.0
    lower = 0.0
    for n in range(1, MAX_TERMS):
        m = n // 2
        factor = -(a + m) * (a + b + m) if n % 2 else m * (b - m)
        d = factor * x / ((a + n - 1) * (a + n))
        lower = 1.0 / _nonzero(1.0 + d * lower)
        upper = _nonzero(1.0 + d / upper)
        value *= upper * lower
        if abs(upper * lower - 1.0) < PRECISION:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > TINY else TINY
