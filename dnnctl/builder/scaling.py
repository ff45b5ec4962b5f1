"""Scaling as the first layers of the model, with statistics of the training split.

The device therefore stores raw inputs, and the trained model takes raw inputs, too.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from numpy.typing import NDArray

from dnnctl.errors import Fault, SpecError

Array = NDArray[np.generic]
Floats = NDArray[np.float64]

SCALING = "scaling"
"""The name of the layer that scales the inputs."""
CHUNK = 2048
SMALLEST, LARGEST = 1e-6, 1e18
"""Standard deviations beyond which Keras's Normalization, or the variance in float32, no longer works."""


def build_scaling(scaling: str, inputs: Array) -> list[keras.layers.Layer]:
    """The layers that scale; `inputs` are those of the training split, (N, …).

    They always compute in float32, because raw features can be large.
    """
    if scaling == "standardize":
        mean, variance = mean_and_variance(inputs)
        _check_spread(np.sqrt(variance))
        axes = tuple(range(1, inputs.ndim))
        return [
            keras.layers.Normalization(
                axis=axes,
                mean=mean.astype(np.float32),
                variance=variance.astype(np.float32),
                dtype="float32",
                name=SCALING,
            )
        ]
    if scaling == "unit":
        scale, offset = _unit(inputs)
        return [keras.layers.Rescaling(scale, offset, dtype="float32", name=SCALING)]
    if inputs.dtype == np.uint8:  # the next layers take floating-point numbers only
        return [keras.layers.Rescaling(1.0, dtype="float32", name=SCALING)]
    return []


def _check_spread(deviation: Floats) -> None:
    """Reject features that cannot be standardized in float32.

    Raises:
        SpecError: a standard deviation is too small or too large.
    """
    lost = (deviation < SMALLEST) | (deviation > LARGEST)
    if lost.any():
        rule = f"a feature has a standard deviation of {deviation[lost].flat[0]:.3g}, too far from 1 for float32"
        raise SpecError([Fault(rule, "data.scaling", hint="Convert the data to other units.")])


def mean_and_variance(inputs: Array) -> tuple[Floats, Floats]:
    """The mean and variance of each feature, in float64; the variance of a constant feature is set to 1."""
    mean, variance = moments(inputs)
    return mean, np.where(variance > 0, variance, 1.0)


def moments(inputs: Array) -> tuple[Floats, Floats]:
    """The mean and variance of each feature, in float64.

    Two passes over chunks, so that the data is never copied as a whole.
    """
    n = len(inputs)
    zero = np.zeros(inputs.shape[1:])
    mean = sum((chunk.sum(axis=0) for chunk in _chunks(inputs)), zero) / n
    return mean, sum((((chunk - mean) ** 2).sum(axis=0) for chunk in _chunks(inputs)), zero) / n


def _unit(inputs: Array) -> tuple[float | list[float], float | list[float]]:
    """The factor and the offset: 1/255 and 0 for uint8, else from the range of each column (images: of all values)."""
    if inputs.dtype == np.uint8:
        return 1 / 255, 0.0
    axes = 0 if inputs.ndim == 2 else None
    low = np.min([chunk.min(axis=axes) for chunk in _chunks(inputs)], axis=0)
    high = np.max([chunk.max(axis=axes) for chunk in _chunks(inputs)], axis=0)
    scale = 1 / np.where(high > low, high - low, 1.0)
    return scale.tolist(), (-low * scale).tolist()


def _chunks(inputs: Array) -> Iterator[Floats]:
    """The inputs in float64, a few at a time."""
    for start in range(0, len(inputs), CHUNK):
        yield inputs[start : start + CHUNK].astype(np.float64)
