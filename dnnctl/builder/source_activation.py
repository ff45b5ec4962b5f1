"""The activation that follows the weights of a layer, in any Keras model: its argument, or a separate layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.builder.dropout import NOISES
from dnnctl.layers.rrelu import RReLU
from dnnctl.layers.swish import Swish

SKIPPED = (keras.layers.BatchNormalization, keras.layers.LayerNormalization, *NOISES)
"""Layers that may be between the weights and the activation."""


def activation_of(layer: keras.layers.Layer) -> str | None:
    """The function applied to the weighted sums of a dense or convolutional layer; None if it cannot be determined."""
    if not isinstance(layer, keras.layers.Dense | keras.layers.Conv2D):
        return None
    if layer.activation is not keras.activations.linear:
        return _function(layer.activation)
    following: keras.layers.Layer | None = layer
    while (following := _next(following)) is not None and isinstance(following, SKIPPED):
        pass
    if following is None or isinstance(following, keras.layers.Dense | keras.layers.Conv2D):
        return "linear" if following is not None else None
    return _own_layer(following)


def _next(layer: keras.layers.Layer) -> keras.layers.Layer | None:
    """The layer that takes this one's output; None if there is no such layer or more than one."""
    following = {id(node.operation): node.operation for node in layer._outbound_nodes}
    return next(iter(following.values())) if len(following) == 1 else None


def _own_layer(layer: keras.layers.Layer) -> str | None:
    return LAYERS[type(layer)](layer) if type(layer) in LAYERS else None


def _relu(layer: keras.layers.ReLU) -> str | None:
    is_plain = layer.max_value is None and not layer.negative_slope and not layer.threshold
    return "relu" if is_plain else None


def _function(function: object) -> str | None:
    """The name of one of Keras's functions without parameters; None for any other, whose parameters are unknown."""
    name = getattr(function, "__name__", None)
    if name is None or name == "leaky_relu" or getattr(keras.activations, name, None) is not function:
        return None
    return str(name)


LAYERS: dict[type[keras.layers.Layer], Callable[[Any], str | None]] = {
    keras.layers.Activation: lambda layer: _function(layer.activation),
    keras.layers.ELU: lambda layer: "elu" if layer.alpha == 1.0 else f"elu with alpha {layer.alpha:g}",
    keras.layers.ReLU: _relu,
    keras.layers.LeakyReLU: lambda layer: f"leaky_relu with slope {layer.negative_slope:g}",
    keras.layers.PReLU: lambda _layer: "prelu",
    Swish: lambda layer: f"swish with beta {layer.beta:g}",
    RReLU: lambda layer: f"rrelu with slopes from {layer.lower:g} to {layer.upper:g}",
}
"""The names of activations that are separate layers; with any other layer, the activation is undetermined."""
