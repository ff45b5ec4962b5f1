"""Whether steps are compiled to machine code by XLA or run by TensorFlow's own kernels.

The choice is a pure function of the spec, the size of the data and the device, so that it is the same in every run of a
spec. In measurements on CPUs, XLA removes most of the overhead of each layer, but its convolutions and its random
number generators are several times slower, and compiling takes longer than tracing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

from dnnctl.engine.random_numbers import is_drawable
from dnnctl.specs.runtime import Runtime
from dnnctl.text import format_count

Mode = Literal["xla", "graph"]

SAVED_PER_LAYER = 0.15e-3
"""Seconds that XLA saves for each weighted layer and step."""
COMPILING = 0.5
COMPILING_PER_LAYER = 0.03
"""Seconds by which compiling with XLA takes longer than tracing: once, and for each weighted layer."""


@dataclass(frozen=True)
class Compilation:
    """The mode and why it was chosen."""

    mode: Mode
    reason: str


def choose_compilation(runtime: Runtime, model: keras.Model, *, device: str, n_steps: int) -> Compilation:
    """The mode in the spec, or with `auto` the one that should finish first.

    Args:
        n_steps: the number of planned training steps.
    """
    if runtime.compile != "auto":
        return Compilation(runtime.compile, "set in the spec")
    if device == "gpu":
        refused = [layer.name for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
        if refused:
            return Compilation("graph", f"XLA has no deterministic gradient of {refused[0]} on a GPU")
    unsuitable = [layer.name for layer in model.layers if _is_slow_under_xla(layer)]
    if device == "cpu" and unsuitable:
        return Compilation("graph", f"{unsuitable[0]} is slower under XLA on a CPU")
    n_layers = sum(1 for layer in model.layers if layer.trainable_weights)
    saved = n_steps * n_layers * SAVED_PER_LAYER
    cost = COMPILING + n_layers * COMPILING_PER_LAYER
    if saved < cost:
        return Compilation("graph", f"should be faster for {format_count(n_steps, 'step')}")
    return Compilation("xla", f"should be faster for {format_count(n_steps, 'step')}")


def _is_slow_under_xla(layer: keras.layers.Layer) -> bool:
    """Whether it is a convolution or pooling, or needs random numbers that only XLA can generate."""
    spatial = (keras.layers.Conv2D, keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
    return isinstance(layer, spatial) or (hasattr(layer, "seed_generator") and not is_drawable(layer))
