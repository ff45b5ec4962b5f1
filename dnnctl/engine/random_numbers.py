"""Random numbers for XLA: drawn by TensorFlow's kernels and passed to the layers that need them.

XLA's own generators take longer on a CPU than the layers around them. The engine therefore trains a twin of the model
that differs only in the noise layers: these take numbers that were drawn before, from the same seed generators and in
the same order as in Keras.

Shapes: K is the number of steps drawn at once, B the batch size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from dnnctl.layers.rrelu import RReLU

NUMBERS_AT_ONCE = 4_000_000
"""The most numbers that are drawn at once: 16 MB of float32."""
MAX_STEPS = 64
UNBOUNDED = 2**31 - 1


def _drop(layer: Any, inputs: Any, uniform: Any) -> Any:
    return ops.where(uniform >= layer.rate, inputs / (1 - layer.rate), ops.zeros_like(inputs))


def _drop_alpha(layer: Any, inputs: Any, uniform: Any) -> Any:
    """Dropped elements become α', and an affine map restores mean and variance. Source: Klambauer et al., 2017."""
    low = -1.6732632423543772 * 1.0507009873554805
    a = ((1 - layer.rate) * (1 + layer.rate * low**2)) ** -0.5
    b = -a * low * layer.rate
    return a * ops.where(uniform >= layer.rate, inputs, ops.full_like(inputs, low)) + b


def _lean(layer: Any, inputs: Any, uniform: Any) -> Any:
    slope = layer.lower + (layer.upper - layer.lower) * uniform
    return ops.where(inputs >= 0, inputs, slope * inputs)


def _disturb(layer: Any, inputs: Any, normal: Any) -> Any:
    return inputs + layer.stddev * normal


def _stretch(layer: Any, inputs: Any, normal: Any) -> Any:
    return inputs * (1 + math.sqrt(layer.rate / (1 - layer.rate)) * normal)


Draw = Callable[..., Any]
FORMULAS: dict[type[keras.layers.Layer], tuple[Draw, Callable[[Any, Any, Any], Any]]] = {
    keras.layers.Dropout: (keras.random.uniform, _drop),
    keras.layers.AlphaDropout: (keras.random.uniform, _drop_alpha),
    keras.layers.GaussianNoise: (keras.random.normal, _disturb),
    keras.layers.GaussianDropout: (keras.random.normal, _stretch),
    RReLU: (keras.random.uniform, _lean),
}
"""For each layer, the distribution of its numbers and its formula. SpatialDropout2D is missing: it draws one number
for each channel, not for each value, and `compile: auto` runs the convolutions before it without XLA on a CPU."""


def is_drawable(layer: keras.layers.Layer) -> bool:
    """Whether a layer needs random numbers that the engine can draw for it."""
    return type(layer) in FORMULAS and hasattr(layer, "seed_generator")


class Handed(keras.layers.Layer):
    """A noise layer that takes numbers drawn by the engine."""

    def __init__(self, layer: keras.layers.Layer) -> None:
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self.original = layer
        self.numbers: Any = None
        """(B, …) the numbers for the step that is being traced."""

    def call(self, inputs: Any) -> Any:
        if self.numbers is None:
            return inputs
        _, formula = FORMULAS[type(self.original)]
        return formula(self.original, inputs, ops.cast(self.numbers, inputs.dtype))


class RandomNumbers:
    """The twin of a model, and the numbers for its noise layers.

    A model without such layers is its own twin, and there is nothing to draw.
    """

    def __init__(self, model: keras.Model) -> None:
        self._handed: list[Handed] = []
        self.twin = model
        if any(is_drawable(layer) for layer in model.layers):
            uncompiled = keras.Model(model.inputs, model.outputs)
            self.twin = keras.models.clone_model(uncompiled, clone_function=self._replace)
        self._shapes = [handed.input.shape[1:] for handed in self._handed]
        self._draw = tf.function(self._draw_steps, autograph=False)

    def steps_at_once(self, size: int) -> int:
        """K, for batches of `size` examples; unbounded without noise layers."""
        numbers = size * sum(math.prod(shape) for shape in self._shapes)
        return max(1, min(MAX_STEPS, NUMBERS_AT_ONCE // numbers)) if numbers else UNBOUNDED

    def draw(self, n_steps: int, size: int) -> list[Any]:
        """For each noise layer, (K, B, …): the numbers for the next steps, and zeros after the last step."""
        if not self._handed:
            return []
        return self._draw(tf.constant(n_steps), size)

    def hand(self, numbers: Sequence[Any]) -> None:
        """Give each noise layer its numbers (B, …) for the step that is being traced."""
        for handed, its_own in zip(self._handed, numbers, strict=True):
            handed.numbers = its_own

    def _replace(self, layer: keras.layers.Layer) -> keras.layers.Layer:
        if not is_drawable(layer):
            return layer
        self._handed.append(Handed(layer))
        return self._handed[-1]

    def _draw_steps(self, n_steps: Any, size: int) -> list[Any]:
        """Draw for one step after the other, in the same order as training without XLA."""
        shapes = [(size, *shape) for shape in self._shapes]
        dtypes = [handed.compute_dtype for handed in self._handed]
        arrays = [
            tf.TensorArray(dtype, self.steps_at_once(size), element_shape=shape)
            for dtype, shape in zip(dtypes, shapes, strict=True)
        ]

        def body(i: Any, arrays: list[Any]) -> tuple[Any, list[Any]]:
            drawn = [
                FORMULAS[type(handed.original)][0](shape, dtype=dtype, seed=handed.original.seed_generator)
                for handed, shape, dtype in zip(self._handed, shapes, dtypes, strict=True)
            ]
            return i + 1, [array.write(i, numbers) for array, numbers in zip(arrays, drawn, strict=True)]

        _, arrays = tf.while_loop(lambda i, _: i < n_steps, body, (tf.constant(0), arrays), parallel_iterations=1)
        return [array.stack() for array in arrays]
