"""Activations: each becomes a separate layer, or the `activation` argument of the layer before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.builder.names import Names
from dnnctl.layers.rrelu import RReLU
from dnnctl.layers.swish import Swish
from dnnctl.specs.activation import Elu, LeakyRelu, PlainActivation, PRelu, RRelu
from dnnctl.specs.activation import Swish as SwishSpec
from dnnctl.specs.field import Kind

KERAS_NAMES = {"hard_swish": "hard_silu", "swish": "silu"}
"""Names in the spec that differ from those in Keras."""

IMAGE_AXES = 4

ACTIVATIONS: dict[type[Kind], Callable[[Any, Names, str], keras.layers.Layer]] = {
    PlainActivation: lambda spec, _names, name: keras.layers.Activation(keras_name(spec), name=name),
    LeakyRelu: lambda spec, _names, name: keras.layers.LeakyReLU(negative_slope=spec.slope, name=name),
    PRelu: lambda spec, _names, name: keras.layers.PReLU(
        alpha_initializer=keras.initializers.Constant(spec.initial_slope), name=name
    ),
    RRelu: lambda spec, names, name: RReLU(spec.lower, spec.upper, seed=names.seed_of(name), name=name),
    Elu: lambda spec, _names, name: keras.layers.ELU(alpha=spec.alpha, name=name),
    SwishSpec: lambda spec, _names, name: Swish(spec.beta, name=name),
}


def build_activation(spec: Kind, names: Names, name: str, *, n_axes: int) -> keras.layers.Layer:
    """The activation as a layer, for inputs with `n_axes` axes, including the batch axis."""
    if is_argument(spec):
        return keras.layers.Activation(keras_name(spec), name=name)
    layer = ACTIVATIONS[type(spec)](spec, names, name)
    if isinstance(layer, keras.layers.PReLU) and n_axes == IMAGE_AXES:
        layer.shared_axes = [1, 2]
    return layer


def keras_name(spec: Kind) -> str:
    """Keras's name of a function without parameters."""
    return KERAS_NAMES.get(spec.kind, spec.kind)


def is_argument(spec: Kind) -> bool:
    """Whether the function can be the `activation` argument of a layer, by its name alone."""
    if isinstance(spec, Elu):
        return spec.alpha == 1.0
    if isinstance(spec, SwishSpec):
        return spec.beta == 1.0
    return isinstance(spec, PlainActivation)
