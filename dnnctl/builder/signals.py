"""The layers whose outputs and gradients a probe measures: those with a kernel, each with its activation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras

from dnnctl.builder.activation import KERAS_NAMES
from dnnctl.builder.model import Network
from dnnctl.builder.output import OUTPUT
from dnnctl.layers.rrelu import RReLU
from dnnctl.layers.swish import Swish

LINEAR = "linear"
CLASSES: dict[type[keras.layers.Layer], str] = {
    keras.layers.LeakyReLU: "leaky_relu",
    keras.layers.PReLU: "prelu",
    RReLU: "rrelu",
    keras.layers.ELU: "elu",
    Swish: "swish",
}
"""Activations that are layers of their own class, and their kinds in a spec."""
SPEC_NAMES = {ours: theirs for theirs, ours in KERAS_NAMES.items()}
LIMITS = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
"""The lower and upper limits of activation functions that are flat at both ends."""


@dataclass(frozen=True)
class Signal:
    """A layer with a kernel, and the layer that applies its activation function."""

    name: str
    weighted: keras.layers.Layer
    measured: keras.layers.Layer
    """The layer whose outputs are measured: the activation after the weights, or else the layer itself."""
    activation: str
    """The kind of the activation function, as in a spec."""

    @property
    def kernel(self) -> Any:
        """The weights, without the bias."""
        return self.weighted.kernel

    @property
    def limits(self) -> tuple[float, float] | None:
        """The limits near which the activation function is flat; None if it has no two limits."""
        return LIMITS.get(self.activation)


def signals_of(network: Network) -> list[Signal]:
    """The layers with a kernel, in the order of the network; the last one is the output."""
    layers = [layer for block in network.blocks for layer in block.layers]
    layers.append(network.model.get_layer(OUTPUT))
    starts = [place for place, layer in enumerate(layers) if hasattr(layer, "kernel")]
    return [_signal(layers[start:end]) for start, end in pairwise([*starts, len(layers)])]


def _signal(layers: Iterable[keras.layers.Layer]) -> Signal:
    """The signal of a layer with a kernel and the layers up to the next one."""
    weighted, *following = layers
    kind = _kind(weighted)
    if kind != LINEAR:
        return Signal(weighted.name, weighted, weighted, kind)
    for layer in following:
        if isinstance(layer, keras.layers.Add):
            break
        if isinstance(layer, (keras.layers.Activation, *CLASSES)):
            return Signal(weighted.name, weighted, layer, _kind(layer))
    return Signal(weighted.name, weighted, weighted, LINEAR)


def _kind(layer: keras.layers.Layer) -> str:
    """The kind of the activation function that a layer applies, as in a spec."""
    if type(layer) in CLASSES:
        return CLASSES[type(layer)]
    name = getattr(getattr(layer, "activation", None), "__name__", LINEAR)
    return SPEC_NAMES.get(name, name)
