"""Setting small weights to zero.

Source: Han et al., 2015.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

Kernel = tuple[str, keras.Variable]
"""The name of a layer, and its kernel."""


def kernels(model: keras.Model) -> list[Kernel]:
    """The kernels of all dense and convolutional layers, including the output."""
    return [
        (layer.name, layer.kernel)
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)
    ]


def magnitude_at(found: Sequence[Kernel], fraction: float) -> float:
    """The magnitude below which this fraction of all weights lies."""
    sizes = np.sort(np.concatenate([np.abs(kernel.numpy()).ravel() for _, kernel in found]))
    return float(sizes[min(round(fraction * len(sizes)), len(sizes) - 1)])


def set_to_zero(found: Sequence[Kernel], threshold: float) -> list[tuple[str, int, int, int]]:
    """Set all weights whose magnitude is below a threshold to zero.

    Returns for each layer its name, the number of its weights, and how many of them are zero before and after.
    """
    counts = []
    for name, kernel in found:
        before = kernel.numpy()
        after = np.where(np.abs(before) < threshold, 0.0, before)
        kernel.assign(after)
        counts.append((name, before.size, int(np.sum(before == 0)), int(np.sum(after == 0))))
    return counts
