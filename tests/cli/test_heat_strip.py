"""Heat strips can be read without colours, in 80 columns, for any depth."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest
from click import unstyle

from dnnctl.cli.heat_strip import draw_strips
from dnnctl.store.layer_statistics import LayerStatistics, Measurement

LAYER = LayerStatistics("dense_1", "relu", mean=0.0, deviation=1.0, dead=0.0, saturated=0.0, gradient=1.0)


def drawn(layers: list[LayerStatistics], blamed: tuple[str, ...] = ()) -> list[str]:
    return draw_strips(Measurement(0, tuple(layers), "healthy", blamed)).splitlines()


def test_each_step_down_is_ten_times_smaller() -> None:
    layers = [replace(LAYER, gradient=value) for value in (1e-12, 1e-7, 1e-3, 0.011, 0.2, 1.0, 0.0, inf, nan)]
    line = unstyle(drawn(layers)[1])
    assert line.split() == ["gradient", "1e-12", "▁▁▅▇██·!!", "nan"]


def test_fractions_are_linear_and_left_out_if_there_are_none() -> None:
    assert len(drawn([LAYER, LAYER])) == 2
    layers = [replace(LAYER, dead=value, saturated=value) for value in (0.0, 0.1, 0.5, 1.0)]
    *_, dead, saturated = map(unstyle, drawn([*layers, LAYER]))
    assert dead.split() == ["dead", "0", "·▁▅█·", "0"]
    assert saturated.split() == ["saturated", "0", "·▁▅█·", "0"]


@pytest.mark.parametrize("n", [1, 21, 101, 601])
def test_any_depth_fits_80_columns_and_every_layer_has_a_cell(n: int) -> None:
    layers = [replace(LAYER, gradient=1e-300, mean=-1e-300, deviation=1e-300) for _ in range(n)]
    lines = list(map(unstyle, drawn(layers)))
    assert max(map(len, lines)) <= 80
    assert sum(line.count("█") for line in lines) == 2 * n


def test_layers_to_blame_have_another_colour() -> None:
    first, second = (replace(LAYER, layer=name) for name in ("dense_1", "dense_2"))
    line = drawn([first, second], ("dense_2",))[0]
    red, green = "\x1b[31m", "\x1b[32m"
    assert line.index(green) < line.index(red)
