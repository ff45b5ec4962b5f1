"""The randomized leaky ReLU, which Keras lacks."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dnnctl")
class RReLU(keras.layers.Layer):
    """max(0, z) + slope · min(0, z), with slope ~ U(lower, upper) for each element in training and the mean of the
    range at inference.

    Args:
        lower: the smallest slope.
        upper: the largest slope.
        seed: the seed of the random slopes.

    Source: Xu et al., 2015.
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lower = lower
        self.upper = upper
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        slope: Any = (self.lower + self.upper) / 2
        if training:
            slope = keras.random.uniform(
                ops.shape(inputs), self.lower, self.upper, dtype=self.compute_dtype, seed=self.seed_generator
            )
        return ops.where(inputs >= 0, inputs, slope * inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lower": self.lower, "upper": self.upper, "seed": self.seed}
