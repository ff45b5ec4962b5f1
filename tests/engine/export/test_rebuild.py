"""A rebuilt network is the same network, and needs nothing of dnnctl's."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
from export_nets import LAYERS, activation_net, layer_net

import dnnctl.layers
from dnnctl.engine.export.rebuild import FUNCTIONS, OWN_LAYERS, rebuild_double, rebuild_plain, rebuild_portable

pytestmark = pytest.mark.heavy
PIXELS = np.random.default_rng(1).integers(0, 256, (20, 8, 8), np.uint8)
FORMULAS = {
    keras.activations.celu: lambda x: x if x > 0 else math.expm1(x),
    keras.activations.gelu: lambda x: 0.5 * x * math.erfc(-x / math.sqrt(2)),
    keras.activations.softplus: lambda x: max(x, 0) + math.log1p(math.exp(-abs(x))),
    keras.activations.log_sigmoid: lambda x: -(max(-x, 0) + math.log1p(math.exp(-abs(x)))),
}


def test_every_layer_of_dnnctl_is_replaced() -> None:
    assert {each.__name__ for each in OWN_LAYERS} == set(dnnctl.layers.__all__)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_are_their_formulas(function: Any) -> None:
    """The oracle is `math`, in float64."""
    x = np.array([0, 1e-4, -1e-4, 0.5, -0.5, 3, -3, 20, -20, 100, -100, 1e4, -1e4], np.float32)
    expected = [FORMULAS[function](float(each)) for each in x]
    np.testing.assert_allclose(np.asarray(FUNCTIONS[function](x)), expected, rtol=1e-6, atol=3e-7)


@pytest.mark.parametrize("rebuild", [rebuild_plain, rebuild_portable, rebuild_double])
def test_a_rebuilt_network_is_the_same(rebuild: Any) -> None:
    """With every kind of layer and activation; nothing of dnnctl is left in its config, except to measure rounding."""
    draw = np.random.default_rng(5).normal(0, 3, (20, 5)).astype(np.float32)
    for model, rows in ((layer_net(LAYERS, PIXELS), PIXELS), (activation_net(), draw)):
        copy = rebuild(model)
        np.testing.assert_allclose(
            np.asarray(copy.predict(rows, verbose=0)), np.asarray(model.predict(rows, verbose=0)), rtol=1e-5, atol=2e-6
        )
        if rebuild is rebuild_plain:
            assert "dnnctl" not in str(copy.get_config())


def test_mixed_precision_becomes_float32() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((4,), name="inputs")
        hidden = keras.layers.Dense(4, activation="relu", name="dense_1")(inputs)
        mixed = keras.Model(inputs, keras.layers.Dense(3, dtype="float32", name="output")(hidden), name="model")
        copy = rebuild_plain(mixed)
    finally:
        keras.config.set_dtype_policy(before)
    rows = np.random.default_rng(1).normal(size=(9, 4)).astype(np.float32)
    (w1, b1), (w2, b2) = (layer.get_weights() for layer in copy.layers if layer.weights)
    np.testing.assert_allclose(
        np.asarray(copy.predict(rows, verbose=0)), np.maximum(rows @ w1 + b1, 0) @ w2 + b2, atol=1e-6
    )
    assert not np.allclose(
        np.asarray(mixed.predict(rows, verbose=0)), np.maximum(rows @ w1 + b1, 0) @ w2 + b2, atol=1e-6
    )
