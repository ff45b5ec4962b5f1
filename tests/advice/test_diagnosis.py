"""The rules of the verdict, on numbers."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from dnnctl.advice.diagnosis import Diagnosis, diagnose
from dnnctl.store.layer_statistics import LayerStatistics

FINE = LayerStatistics("", "relu", mean=0.4, deviation=0.8, dead=0.2, saturated=0.0, gradient=0.01, update=1e-3)


def net(**numbers: list[float]) -> list[LayerStatistics]:
    """Layers whose numbers are given from the first to the last; the others are those of a healthy layer."""
    (n,) = {len(values) for values in numbers.values()}
    changes = [{name: values[place] for name, values in numbers.items()} for place in range(n)]
    names = [*(f"dense_{number}" for number in range(1, n)), "output"]
    return [replace(FINE, layer=name, **change) for name, change in zip(names, changes, strict=True)]


def powers(base: float, n: int = 20) -> list[float]:
    return [base**place for place in range(n)]


@pytest.mark.parametrize("base", [0.9, 1.0, 1.2])
def test_numbers_that_change_slowly_are_healthy(base: float) -> None:
    assert diagnose(net(deviation=powers(base), mean=[0.0] * 20, gradient=powers(base))) == Diagnosis("healthy")


def test_gradients_that_fade_on_the_way_back_vanish() -> None:
    """The gradient of layer 17 of 20 is 0.1³ of that of the output, that of layer 16 is smaller."""
    found = diagnose(net(gradient=powers(10)))
    assert found.verdict == "vanishing"
    assert found.layers == tuple(f"dense_{number}" for number in range(1, 17))


def test_gradients_that_grow_on_the_way_back_explode() -> None:
    found = diagnose(net(gradient=powers(0.1)))
    assert (found.verdict, found.layers[0], found.layers[-1]) == ("exploding", "dense_1", "dense_16")


def test_signals_that_fade_vanish_though_all_gradients_are_equal() -> None:
    """The gradient of weights is the product of the signal before them and of the error after them."""
    found = diagnose(net(mean=[0.0] * 9, deviation=powers(0.1, 9), gradient=[1e-9] * 9))
    assert (found.verdict, found.layers) == ("vanishing", tuple(f"dense_{number}" for number in range(4, 9)))


def test_signals_that_underflow_vanish_and_are_not_called_dead() -> None:
    """Units of the last layers are zero because nothing arrives there."""
    sizes = [1.0, 2e-2, 5e-3, 0.0, 0.0, 0.1]
    dead = [0.0, 0.1, 0.3, 1.0, 1.0, 0.0]
    found = diagnose(net(mean=[0.0] * 6, deviation=sizes, dead=dead, gradient=[0.0] * 6))
    assert (found.verdict, found.layers) == ("vanishing", ("dense_3", "dense_4", "dense_5"))


def test_signals_that_fade_are_the_cause_of_a_small_gradient_of_the_output() -> None:
    """Compared with it, the gradient of the first layer is large, but nothing explodes."""
    found = diagnose(net(mean=[0.0] * 3, deviation=[1, 1e-4, 1], gradient=[1e-3, 1e-4, 1e-8]))
    assert (found.verdict, found.layers) == ("vanishing", ("dense_2",))


def test_signals_that_grow_explode() -> None:
    found = diagnose(net(mean=[0.0] * 9, deviation=powers(10.0, 9)))
    assert (found.verdict, found.layers[0]) == ("exploding", "dense_4")


@pytest.mark.parametrize("name", ["mean", "gradient"])
@pytest.mark.parametrize("value", [inf, nan])
def test_infinite_numbers_explode(name: str, value: float) -> None:
    found = diagnose(net(**{name: [0.1, value, 0.1]}))
    assert (found.verdict, found.layers) == ("exploding", ("dense_2",))
    assert "infinite" in found.reason


def test_a_layer_without_an_output_is_dead_and_only_the_first_is_to_blame() -> None:
    """A layer after it gets only its own bias; that it is zero, too, is no fault of its own."""
    found = diagnose(net(mean=[0.0] * 5, deviation=[1, 1, 0, 0, 0], dead=[0.1, 0.2, 1, 1, 0], gradient=[0, 0, 0, 0, 1]))
    assert (found.verdict, found.layers) == ("dead", ("dense_3",))
    first = diagnose(net(mean=[0.0] * 3, deviation=[0, 0, 0], dead=[1, 1, 0], gradient=[0, 0, 1]))
    assert (first.verdict, first.layers) == ("dead", ("dense_1",))


def test_half_saturated_layers_are_to_blame() -> None:
    found = diagnose(net(saturated=[0.9, 0.4, 0.5, 1.0]))
    assert (found.verdict, found.layers) == ("saturated", ("dense_1", "dense_3"))


def test_a_dead_layer_is_one_with_three_of_four_units_dead() -> None:
    """Half of the units of a deep ReLU net are zero for a few hundred examples, and it trains."""
    assert diagnose(net(dead=[0.0, 0.7, 1.0])).verdict == "healthy"
    assert diagnose(net(dead=[0.0, 0.75, 0.0])).layers == ("dense_2",)


def test_a_linear_model_is_healthy() -> None:
    assert diagnose(net(gradient=[0.01])) == Diagnosis("healthy")
