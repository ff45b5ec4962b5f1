"""A metric with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnnctl.compare.paired_tests import CONFIDENCE


@dataclass(frozen=True)
class Interval:
    """A metric with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def percentiles(value: float, samples: NDArray[np.float64]) -> Interval:
    """A metric with the percentile interval of its resamples, (R,), of which some can be NaN."""
    usable = samples[~np.isnan(samples)]
    low, high = np.quantile(usable, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) if len(usable) else (value, value)
    return Interval(value, float(low), float(high))
