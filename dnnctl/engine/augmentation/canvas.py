"""What augmentation must know about the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.builder.scaling import moments
from dnnctl.store.encoding import TableEncoding

CHUNK = 2048


@dataclass(frozen=True)
class Canvas:
    """The shape and the range of the inputs."""

    shape: tuple[int, ...]
    """(H, W, C) for images, (F,) for rows."""
    low: float
    """The smallest value: it fills what is outside an image."""
    range: float
    """The difference between the largest and the smallest value."""
    spread: NDArray[np.float32]
    """What `noise` is relative to: (F,) the standard deviation of each column of rows, () the range of images."""


def measure_canvas(inputs: NDArray[Any], encoding: TableEncoding | None) -> Canvas:
    """The canvas of the training inputs, (N, H, W), (N, H, W, C) or (N, F)."""
    if inputs.ndim == 2:
        return Canvas(inputs.shape[1:], 0.0, 0.0, _spread(inputs, encoding))
    shape = (*inputs.shape[1:], 1) if inputs.ndim == 3 else inputs.shape[1:]
    low, high = (0.0, 255.0) if inputs.dtype == np.uint8 else _range(inputs)
    return Canvas(shape, low, high - low, np.array(high - low, np.float32))


def _range(inputs: NDArray[Any]) -> tuple[float, float]:
    """The smallest and the largest value."""
    chunks = [inputs[start : start + CHUNK] for start in range(0, len(inputs), CHUNK)]
    return float(min(chunk.min() for chunk in chunks)), float(max(chunk.max() for chunk in chunks))


def _spread(inputs: NDArray[Any], encoding: TableEncoding | None) -> NDArray[np.float32]:
    """(F,) the standard deviation of each column; 0 for what is not a number."""
    spread = np.sqrt(moments(inputs)[1]).astype(np.float32)
    if encoding is None:
        return spread
    is_number = [
        place == 0 and column.kind in ("number", "date") for column in encoding.columns for place in range(column.width)
    ]
    return np.where(is_number, spread, np.float32(0))
