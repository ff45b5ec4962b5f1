"""Normalization within a dense or convolutional layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.specs.field import Kind
from dnnctl.specs.normalization import BatchNormalization, LayerNormalization

NORMALIZATIONS: dict[type[Kind], Callable[[Any, str], keras.layers.Layer]] = {
    BatchNormalization: lambda spec, name: keras.layers.BatchNormalization(
        momentum=spec.momentum, epsilon=spec.epsilon, name=f"{name}_batch_norm"
    ),
    LayerNormalization: lambda spec, name: keras.layers.LayerNormalization(
        epsilon=spec.epsilon, name=f"{name}_layer_norm"
    ),
}


def build_normalization(spec: Kind, name: str, position: str) -> list[keras.layers.Layer]:
    """The normalization that a layer has at a position: one layer or none."""
    if type(spec) not in NORMALIZATIONS or getattr(spec, "position", None) != position:
        return []
    return [NORMALIZATIONS[type(spec)](spec, name)]
