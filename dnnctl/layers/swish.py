"""Swish with a beta other than 1, which Keras lacks."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="dnnctl")
class Swish(keras.layers.Layer):
    """z · sigmoid(beta · z).

    Source: Ramachandran et al., 2017.
    """

    def __init__(self, beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.beta = beta
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs * ops.sigmoid(self.beta * inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta": self.beta}
