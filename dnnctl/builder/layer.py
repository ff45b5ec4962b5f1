"""Layers of the spec as Keras layers.

Shapes: B is the batch, H and W an image's height and width, C its channels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.builder.activation import build_activation, is_argument, keras_name
from dnnctl.builder.constraint import CONV_INPUTS, DENSE_INPUTS, build_constraint
from dnnctl.builder.dropout import DROPOUTS, build_dropout
from dnnctl.builder.initializer import build_initializer
from dnnctl.builder.names import Names
from dnnctl.builder.normalization import build_normalization
from dnnctl.builder.regularizer import build_regularizer
from dnnctl.specs.activation import PlainActivation
from dnnctl.specs.common_kind import Inherit
from dnnctl.specs.field import Kind
from dnnctl.specs.layer import (
    ActivationLayer,
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalPool,
    LayerNorm,
    Pool,
    Reshape,
    WeightedLayer,
)
from dnnctl.specs.model import Defaults
from dnnctl.specs.normalization import BatchNormalization

Layers = list[keras.layers.Layer]

INHERITED = tuple(Defaults.model_fields)


def inherit(spec: WeightedLayer, defaults: Defaults) -> WeightedLayer:
    """The layer with all values that it inherits from the defaults."""
    own = {name: getattr(spec, name) for name in INHERITED}
    taken = {
        name: getattr(defaults, name) for name, value in own.items() if isinstance(value, Inherit) or value == "inherit"
    }
    return spec.model_copy(update=taken)


def build_weighted(spec: WeightedLayer, names: Names, *, n_axes: int, following: Kind | None) -> Layers:
    """A dense or convolutional layer with its normalization, activation and dropout.

    Args:
        n_axes: the number of axes of its input, including the batch axis.
        following: the next layer, which may be batch normalization.
    """
    name = names.next(spec.kind)
    first = build_normalization(spec.normalization, name, "before_activation")
    joins = not first and is_argument(spec.activation)
    activation = keras_name(spec.activation) if joins else None
    layers = [_core(spec, names, name, activation, _use_bias(spec, following)), *first]
    if not joins and spec.activation != PlainActivation(kind="linear"):
        layers.append(build_activation(spec.activation, names, f"{name}_activation", n_axes=n_axes))
    layers += build_normalization(spec.normalization, name, "after_activation")
    if type(spec.dropout) in DROPOUTS:
        layers.append(build_dropout(spec.dropout, names, f"{name}_dropout"))
    return layers


def _core(spec: WeightedLayer, names: Names, name: str, activation: str | None, use_bias: bool) -> keras.layers.Layer:
    axis = DENSE_INPUTS if isinstance(spec, Dense) else CONV_INPUTS
    arguments = {
        "activation": activation,
        "use_bias": use_bias,
        "kernel_initializer": build_initializer(spec.initializer, names.seed_of(f"{name}/kernel")),
        "kernel_regularizer": build_regularizer(spec.regularizer),
        "kernel_constraint": build_constraint(spec.constraint, axis),
        "name": name,
    }
    if isinstance(spec, Dense):
        return keras.layers.Dense(spec.units, **arguments)
    assert isinstance(spec, Conv2D)
    return keras.layers.Conv2D(
        spec.filters,
        spec.kernel_size,
        strides=spec.strides,
        padding=spec.padding,
        dilation_rate=spec.dilation,
        **arguments,
    )


def _use_bias(spec: WeightedLayer, following: Kind | None) -> bool:
    """Batch normalization subtracts the mean and any bias with it, so `auto` means no bias before it."""
    if isinstance(spec.use_bias, bool):
        return spec.use_bias
    own = spec.normalization
    if isinstance(own, BatchNormalization) and own.position == "before_activation":
        return False
    is_bare = own.kind == "none" and spec.activation.kind == "linear" and spec.dropout.kind == "none"
    return not (is_bare and isinstance(following, BatchNorm))


def _pool(spec: Pool, name: str) -> keras.layers.Layer:
    layer = keras.layers.MaxPooling2D if spec.kind == "max_pool" else keras.layers.AveragePooling2D
    strides = None if spec.strides == "auto" else spec.strides
    return layer(spec.size, strides=strides, padding=spec.padding, name=name)


def _global_pool(spec: GlobalPool, name: str) -> keras.layers.Layer:
    is_mean = spec.kind == "global_average_pool"
    return (keras.layers.GlobalAveragePooling2D if is_mean else keras.layers.GlobalMaxPooling2D)(name=name)


PLAIN_LAYERS: dict[type[Kind], Callable[[Any, str], keras.layers.Layer]] = {
    Pool: _pool,
    GlobalPool: _global_pool,
    Flatten: lambda _spec, name: keras.layers.Flatten(name=name),
    Reshape: lambda spec, name: keras.layers.Reshape(tuple(spec.shape), name=name),
    BatchNorm: lambda spec, name: keras.layers.BatchNormalization(
        momentum=spec.momentum, epsilon=spec.epsilon, axis=spec.axis, name=name
    ),
    LayerNorm: lambda spec, name: keras.layers.LayerNormalization(epsilon=spec.epsilon, axis=spec.axis, name=name),
}
"""Layers that depend only on their own keys."""


def build_plain(spec: Kind, names: Names, *, n_axes: int) -> keras.layers.Layer:
    """A layer without inherited values, at its own position."""
    name = names.next(spec.kind)
    if isinstance(spec, ActivationLayer):
        return build_activation(spec.function, names, name, n_axes=n_axes)
    if type(spec) in DROPOUTS:
        return build_dropout(spec, names, name)
    return PLAIN_LAYERS[type(spec)](spec, name)
