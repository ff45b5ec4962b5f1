"""Dropout and noise: layers that are random in training and return their inputs at inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.builder.names import Names, seeded
from dnnctl.specs.dropout import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout
from dnnctl.specs.field import Kind

DROPOUTS: dict[type[Kind], Callable[[Any, Names, str], keras.layers.Layer]] = {
    Dropout: lambda spec, names, name: seeded(keras.layers.Dropout, names, name, rate=spec.rate),
    AlphaDropout: lambda spec, names, name: seeded(keras.layers.AlphaDropout, names, name, rate=spec.rate),
    GaussianNoise: lambda spec, names, name: seeded(keras.layers.GaussianNoise, names, name, stddev=spec.stddev),
    GaussianDropout: lambda spec, names, name: seeded(keras.layers.GaussianDropout, names, name, rate=spec.rate),
    SpatialDropout: lambda spec, names, name: seeded(keras.layers.SpatialDropout2D, names, name, rate=spec.rate),
}

NOISES = (
    keras.layers.Dropout,
    keras.layers.AlphaDropout,
    keras.layers.GaussianNoise,
    keras.layers.GaussianDropout,
    keras.layers.SpatialDropout2D,
)
"""Keras's classes of all of them."""


def build_dropout(spec: Kind, names: Names, name: str) -> keras.layers.Layer:
    """The noise as a layer."""
    return DROPOUTS[type(spec)](spec, names, name)
