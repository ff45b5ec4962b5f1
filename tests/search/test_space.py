"""From the unit cube to settings."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dnnctl.search.space import grid_values, point_of, setting_at, value_at
from dnnctl.specs.sweep import Parameter, Range

UNIT = st.floats(0, 1)


def range_of(**keys: Any) -> Range:
    return Range.model_validate(keys)


def test_a_linear_and_a_logarithmic_range_have_their_formulas() -> None:
    linear, log = range_of(**{"from": 1.0, "to": 3.0}), range_of(**{"from": 1e-4, "to": 1e-2, "scale": "log"})
    assert [value_at(linear, u) for u in (0, 0.25, 1)] == [1.0, 1.5, 3.0]
    assert [value_at(log, u) for u in (0, 0.5, 1)] == pytest.approx([1e-4, 1e-3, 1e-2])


@given(UNIT, st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from(["linear", "log"]))
def test_values_are_inside_their_range(u: float, low: int, n: int, scale: str) -> None:
    for convert in (int, float):
        parameter = range_of(**{"from": convert(low), "to": convert(low + n), "scale": scale})
        value = value_at(parameter, u)
        assert parameter.low <= value <= parameter.high
        assert type(value) is convert


def test_every_whole_number_of_a_range_is_equally_likely() -> None:
    parameter = range_of(**{"from": 2, "to": 5})
    found = [value_at(parameter, (place + 0.5) / 400) for place in range(400)]
    assert [found.count(value) for value in (2, 3, 4, 5)] == [100] * 4


def test_every_entry_of_a_list_is_equally_likely() -> None:
    layer = {"kind": "b"}
    assert [value_at([1, "a", layer], u) for u in (0, 0.33, 0.34, 0.66, 0.67, 1)] == [1, 1, "a", "a", layer, layer]


@given(UNIT, UNIT)
def test_the_point_of_a_setting_gives_the_setting_again(u: float, v: float) -> None:
    parameters: dict[str, Parameter] = {
        "a": range_of(**{"from": 1e-5, "to": 1.0, "scale": "log"}),
        "b": range_of(**{"from": 3, "to": 77}),
    }
    setting = setting_at(parameters, [u, v])
    again = setting_at(parameters, point_of(parameters, setting))
    assert again["a"] == pytest.approx(setting["a"], rel=1e-5)
    assert again["b"] == setting["b"]


def test_real_values_have_few_digits() -> None:
    """They are read and typed by people."""
    assert value_at(range_of(**{"from": 0.0, "to": 1.0}), 1 / 3) == 0.333333


def test_the_values_of_a_grid_include_both_ends() -> None:
    assert grid_values(range_of(**{"from": 0.0, "to": 1.0, "points": 5})) == [0, 0.25, 0.5, 0.75, 1]
    log = grid_values(range_of(**{"from": 1e-3, "to": 1e-1, "scale": "log", "points": 3}))
    assert log == pytest.approx([1e-3, 1e-2, 1e-1])
    assert grid_values(range_of(**{"from": 1, "to": 3, "points": 9})) == [1, 2, 3]
    assert grid_values(TypeAdapter(list[Any]).validate_python([1, "a"])) == [1, "a"]


def test_a_list_of_n_is_divided_at_k_over_n() -> None:
    """⌊n·u⌋, with u = 1 in the last part."""
    values = list(range(7))
    for place in range(7):
        assert value_at(values, math.nextafter((place + 1) / 7, 0)) == place
