"""How far predicted numbers are from the true ones, for each number.

Shapes: N is the number of examples, K of predicted numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class NumberQuality:
    """How well one number is predicted. Residuals are true - predicted."""

    name: str
    mae: float
    rmse: float
    r2: float | None
    """None if the true values are all equal."""
    mean: float
    """The mean residual."""
    quantiles: dict[float, float]
    """The residuals at some fractions of the examples: 0.5 is the median."""


def by_number(predicted: NDArray[np.float64], true: NDArray[np.float64], names: tuple[str, ...]) -> list[NumberQuality]:
    """The quality of each column of numbers, (N, K)."""
    return [
        _assess(predicted[:, k], true[:, k], names[k] if k < len(names) else str(k)) for k in range(predicted.shape[1])
    ]


def _assess(predicted: NDArray[np.float64], true: NDArray[np.float64], name: str) -> NumberQuality:
    residuals = true - predicted
    spread = float(np.square(true - true.mean()).mean())
    mse = float(np.square(residuals).mean())
    return NumberQuality(
        name,
        mae=float(np.abs(residuals).mean()),
        rmse=mse**0.5,
        r2=1 - mse / spread if spread else None,
        mean=float(residuals.mean()),
        quantiles=dict(zip(QUANTILES, np.quantile(residuals, QUANTILES).tolist(), strict=True)),
    )
