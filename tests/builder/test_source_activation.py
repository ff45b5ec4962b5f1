"""The activation of a layer is found whether it is an argument or a layer of its own, and never guessed."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from dnnctl.builder.source_activation import activation_of

L = keras.layers


@pytest.mark.parametrize(
    ("activation", "after", "expected"),
    [
        ("selu", [], "selu"),
        (None, [L.Activation("relu")], "relu"),
        (None, [L.BatchNormalization(), L.Dropout(0.1), L.ReLU()], "relu"),
        (None, [L.ELU()], "elu"),
        (None, [L.LeakyReLU(negative_slope=0.3)], "leaky_relu with slope 0.3"),
        (None, [], "linear"),
        (None, [L.ReLU(max_value=6)], None),
        (None, [L.Reshape((2, 2)), L.Activation("relu"), L.Flatten()], None),
        ("leaky_relu", [], None),
    ],
)
def test_the_activation_after_the_weights_is_found(activation: Any, after: list[Any], expected: str | None) -> None:
    dense = L.Dense(4, activation=activation)
    keras.Sequential([keras.Input((5,)), dense, *after, L.Dense(2)])
    assert activation_of(dense) == expected


def test_the_activation_of_an_output_that_is_used_twice_is_undetermined() -> None:
    inputs = keras.Input((5,))
    dense = L.Dense(4)
    codes = dense(inputs)
    keras.Model(inputs, L.Add()([L.Activation("relu")(codes), L.Activation("tanh")(codes)]))
    assert activation_of(dense) is None
