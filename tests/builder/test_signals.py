"""The layers that a probe measures, and their names in the spec."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.advice.network import hidden_by_name
from dnnctl.builder.model import build_network
from dnnctl.builder.output import choose_head
from dnnctl.builder.signals import LIMITS, Signal, signals_of
from dnnctl.specs import Spec
from dnnctl.specs.activation import Activation
from dnnctl.specs.reading.introspection import kinds_of, members

CONV = {"kind": "conv2d", "filters": 2, "padding": "same"}
DROPOUT = {"kind": "dropout", "rate": 0.5}
DENSE = {"kind": "dense", "units": 4}
BLOCK = {
    "kind": "residual",
    "layers": [{**CONV, "filters": 3}, {**CONV, "filters": 3, "activation": "linear"}],
    "repeat": 2,
}


def build(*layers: Any, **defaults: Any) -> tuple[Spec, list[Signal]]:
    spec = Spec.model_validate(
        {
            "name": "x",
            "data": {"source": "fashion_mnist_sample"},
            "model": {"layers": list(layers), "defaults": defaults},
        }
    )
    network = build_network(spec, choose_head(spec, task="classes", n_outputs=3), np.zeros((4, 6, 6), np.uint8))
    return spec, signals_of(network)


def test_every_hidden_layer_has_the_name_that_its_path_is_found_by() -> None:
    """Also layers that are repeated or in repeated blocks. A shortcut has no path of its own."""
    spec, signals = build(CONV, {**BLOCK, "activation": "relu"}, CONV, "flatten", {**DENSE, "repeat": 3})
    names = [each.name for each in signals if not each.name.endswith("shortcut")]
    assert names == [*hidden_by_name(spec), "output"]
    paths = {name: hidden.path for name, hidden in hidden_by_name(spec).items()}
    assert paths["conv2d_4"] == ("model", "layers", 1, "layers", 0)
    assert paths["conv2d_6"] == ("model", "layers", 2)
    assert {paths[f"dense_{number}"] for number in (1, 2, 3)} == {("model", "layers", 4)}


@pytest.mark.parametrize(
    ("activation", "kind"),
    [
        ("relu", keras.layers.Dense),
        ("swish", keras.layers.Dense),
        ("prelu", keras.layers.PReLU),
        ("linear", keras.layers.Dense),
    ],
)
def test_outputs_are_measured_after_the_activation(activation: str, kind: type) -> None:
    _, (signal, output) = build("flatten", DENSE, activation=activation)
    assert (signal.activation, type(signal.measured)) == (activation, kind)
    assert (output.name, output.activation) == ("output", "softmax")


@pytest.mark.parametrize("position", ["before_activation", "after_activation"])
def test_normalization_and_dropout_are_not_the_activation(position: str) -> None:
    normalization = {"kind": "batch", "position": position}
    _, (signal, _) = build("flatten", DENSE, activation="tanh", normalization=normalization, dropout=DROPOUT)
    assert (signal.activation, signal.limits) == ("tanh", (-1.0, 1.0))
    assert not isinstance(signal.measured, keras.layers.BatchNormalization | keras.layers.Dropout)


def test_an_activation_of_its_own_belongs_to_the_layer_before() -> None:
    bare = {**DENSE, "activation": "linear"}
    _, (signal, _) = build(
        "flatten", bare, "batch_norm", {"kind": "activation", "function": {"kind": "elu", "alpha": 0.5}}
    )
    assert (signal.activation, type(signal.measured)) == ("elu", keras.layers.ELU)


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_those_of_the_function(name: str) -> None:
    values = keras.activations.get(name)(np.array([-1e9, 1e9], np.float32))
    np.testing.assert_allclose(values, LIMITS[name])


def test_every_activation_has_its_kind() -> None:
    """In a layer's own key, and as a layer of its own. Keras knows two names of one function."""
    kinds = kinds_of(members(Activation))
    bare = {**DENSE, "activation": "linear"}
    layers = [each for kind in kinds for each in (bare, {"kind": "activation", "function": kind})]
    _, (*own, _) = build("flatten", *layers)
    _, (*keys, _) = build("flatten", *({**DENSE, "activation": kind} for kind in kinds))
    expected = ["swish" if kind == "silu" else kind for kind in kinds]
    assert [each.activation for each in keys] == expected
    assert [each.activation for each in own] == expected
