"""The network of a run, rebuilt from layers and functions that every runtime computes in float32.

Shapes: B is the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from dnnctl.builder.front import core_of, front_of, has_front, with_front
from dnnctl.layers.rrelu import RReLU
from dnnctl.layers.swish import Swish

SQRT_2 = math.sqrt(2)


def rebuild_plain(model: keras.Model) -> keras.Model:
    """The same model in float32, of Keras's own layers only: it loads without dnnctl.

    At inference, RReLU is a leaky ReLU with the mean slope.
    """
    core = _rebuild(core_of(model), "float32", OWN_LAYERS, {})
    return with_front(front_of(model), core, model.name) if has_front(model) else core


def rebuild_portable(core: keras.Model) -> keras.Model:
    """The same network without its front, of functions that ONNX, LiteRT and OpenVINO compute without overflow."""
    return _rebuild(core, "float32", OWN_LAYERS | CONSTANTS, FUNCTIONS)


def rebuild_double(core: keras.Model) -> keras.Model:
    """The same network in float64: how far it is from float32 is the rounding error of the network."""
    return _rebuild(core, "float64", {}, {})


def _rebuild(core: keras.Model, precision: str, layers: dict[type, Any], functions: dict[Any, Any]) -> keras.Model:
    def clone(layer: Any) -> Any:
        if not isinstance(layer, keras.layers.Layer):
            return layer  # an operation, which has no state
        copy = type(layer).from_config({**layer.get_config(), "dtype": precision})
        activation = getattr(copy, "activation", None)
        if callable(activation) and activation in functions:
            copy.activation = functions[activation]
        return copy

    def call(layer: Any, *inputs: Any, **options: Any) -> Any:
        replace = layers.get(type(layer))
        return layer(*inputs, **options) if replace is None else replace(layer)(*inputs)

    plain = keras.Model(core.input, core.output, name=core.name)  # without optimizer and loss, which would be copied
    copy = keras.models.clone_model(plain, clone_function=clone, call_function=call)
    taken = {layer.name: layer for layer in copy.layers}
    for layer in core.layers:
        if layer.weights and layer.name in taken:
            taken[layer.name].set_weights(layer.get_weights())
    return copy


def _leaky_relu(layer: RReLU) -> keras.layers.Layer:
    return keras.layers.LeakyReLU((layer.lower + layer.upper) / 2, dtype="float32", name=layer.name)


def _swish(layer: Swish) -> Callable[[Any], Any]:
    return lambda inputs: inputs * ops.sigmoid(layer.beta * inputs)


def _standardize(layer: keras.layers.Normalization) -> Callable[[Any], Any]:
    """(x - mean) / max(deviation, epsilon), with constants in the graph: tf2onnx makes inputs of those of the layer."""

    def standardize(inputs: Any) -> Any:
        layer.build(inputs.shape)  # it makes its constants
        deviation = np.maximum(np.sqrt(np.asarray(layer.variance)), keras.config.epsilon())
        return ops.divide(ops.subtract(ops.cast(inputs, "float32"), np.asarray(layer.mean)), deviation)

    return standardize


def _celu(x: Any) -> Any:
    """max(0, x) + exp(min(0, x)) - 1. tf2onnx has no `expm1`."""
    return ops.maximum(x, 0.0) + (ops.exp(ops.minimum(x, 0.0)) - 1.0)


def _gelu(x: Any) -> Any:
    """x/2 · (1 + erf(x/√2)). tf2onnx has no `erfc`."""
    return 0.5 * x * (1.0 + ops.erf(x / SQRT_2))


def _softplus(x: Any) -> Any:
    """max(0, x) + log(1 + exp(-|x|)). LiteRT computes log(1 + exp(x)), which is infinite from x = 89 on."""
    return ops.maximum(x, 0.0) + ops.log(1.0 + ops.exp(-ops.abs(x)))


def _log_sigmoid(x: Any) -> Any:
    return -_softplus(-x)


OWN_LAYERS: dict[type, Callable[[Any], Callable[[Any], Any]]] = {RReLU: _leaky_relu, Swish: _swish}
"""Layers that only dnnctl has, as Keras's own: what replaces each."""
CONSTANTS: dict[type, Callable[[Any], Callable[[Any], Any]]] = {keras.layers.Normalization: _standardize}
FUNCTIONS: dict[Any, Callable[[Any], Any]] = {
    keras.activations.celu: _celu,
    keras.activations.gelu: _gelu,
    keras.activations.softplus: _softplus,
    keras.activations.log_sigmoid: _log_sigmoid,
}
"""Functions that a converter lacks or computes inaccurately, as others."""
