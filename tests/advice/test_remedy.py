"""What to change: the fix of the chapter, at the keys that the spec has."""

from __future__ import annotations

from typing import Any

import pytest

from dnnctl.advice.diagnosis import Diagnosis
from dnnctl.advice.remedy import remedies
from dnnctl.specs import load_spec
from dnnctl.specs.path import dotted
from dnnctl.specs.reading.yaml_writer import write_inline

DEEP = ["flatten", {"kind": "dense", "units": 9, "repeat": 20}]
DEFAULTS = "model.defaults"


def fixes(
    verdict: Any,
    *blamed: str,
    is_initial: bool = True,
    layers: list[Any] | None = None,
    defaults: Any = None,
    **more: Any,
) -> list[dict[str, Any]]:
    """The keys and values of each fix, best first. Each fix gives a valid spec."""
    spec = {
        "data": {"source": "fashion_mnist_sample", "scaling": "standardize"},
        "model": {"layers": layers or DEEP, "defaults": defaults or {}},
        **more,
    }
    found = remedies(load_spec(spec), Diagnosis(verdict, blamed), is_initial=is_initial)
    for each in found:
        assert each.fix or each.advice
        if each.fix:
            load_spec(spec, [f"{dotted(path)}={write_inline(value)}" for path, value in each.fix.changes])
    return [{dotted(path): value for path, value in each.fix.changes} for each in found if each.fix]


def test_a_healthy_network_needs_nothing() -> None:
    assert fixes("healthy") == []


@pytest.mark.parametrize("verdict", ["saturated", "vanishing"])
@pytest.mark.parametrize("kind", ["sigmoid", "tanh"])
def test_deep_sigmoid_stacks_get_another_activation(verdict: str, kind: str) -> None:
    first, second = fixes(verdict, "dense_1", defaults={"activation": kind})
    assert first == {f"{DEFAULTS}.activation": "relu", f"{DEFAULTS}.initializer": "he_normal"}
    assert second == {f"{DEFAULTS}.normalization": "batch"}


@pytest.mark.parametrize("verdict", ["exploding", "vanishing"])
def test_a_wrong_initializer_is_replaced_where_it_is_written(verdict: str) -> None:
    layers = [
        "flatten",
        {"kind": "dense", "units": 9, "initializer": {"kind": "random_normal", "stddev": 0.5}},
        *DEEP[1:],
    ]
    defaults = {"activation": "relu", "initializer": "he_normal"}
    (first, *_) = fixes(verdict, "dense_1", layers=layers, defaults=defaults)
    assert first == {"model.layers.1.initializer": "he_normal"}
    assert fixes(verdict, "dense_2", layers=layers, defaults=defaults) == [{f"{DEFAULTS}.normalization": "batch"}]


def test_selu_gets_lecun() -> None:
    (first, *_) = fixes("exploding", "dense_3", defaults={"activation": "selu", "initializer": "he_normal"})
    assert first == {f"{DEFAULTS}.initializer": "lecun_normal"}


def test_unscaled_inputs_are_scaled_first() -> None:
    data = {"source": "fashion_mnist_sample", "scaling": "none"}
    (first, *_) = fixes("saturated", "dense_1", defaults={"activation": "tanh"}, data=data)
    assert first == {"data.scaling": "standardize"}


def test_dead_layers_get_a_leaky_relu() -> None:
    (first, *_) = fixes("dead", "dense_1", defaults={"activation": "relu", "initializer": "he_normal"})
    assert first == {f"{DEFAULTS}.activation": "leaky_relu", f"{DEFAULTS}.initializer": "he_normal"}


def test_what_training_breaks_needs_a_lower_rate() -> None:
    first, second, *_ = fixes("exploding", is_initial=False, optimizer={"kind": "sgd", "learning_rate": 3.0})
    assert first == {"optimizer.learning_rate": 0.3}
    assert second == {"optimizer.clip": {"kind": "norm", "value": 1.0}}
    (rate, *_) = fixes("dead", "dense_1", is_initial=False, schedule={"kind": "one_cycle", "max_rate": 5.0})
    assert rate == {"schedule.max_rate": 0.5}


def test_a_normalized_network_gets_advice() -> None:
    found = remedies(
        load_spec(
            {
                "data": {"source": "fashion_mnist_sample"},
                "model": {
                    "layers": DEEP,
                    "defaults": {"activation": "relu", "initializer": "he_normal", "normalization": "batch"},
                },
            }
        ),
        Diagnosis("exploding", ("dense_1",)),
        is_initial=True,
    )
    assert [each.fix for each in found][-1] is None
    assert "residual" in found[-1].advice


def test_layers_that_are_no_hidden_layer_get_no_fix_of_their_own() -> None:
    """The output and the shortcut of a residual block are not in the list of layers."""
    assert fixes("exploding", "output", "residual_1_shortcut", defaults={"activation": "relu"})
