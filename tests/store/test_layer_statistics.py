"""What a probe measures is read from probe.jsonl as it was written."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, isnan, nan

from dnnctl.store.files import to_json_line
from dnnctl.store.layer_statistics import LayerStatistics, Measurement, measurements_in, rows_of
from dnnctl.store.record import is_row

LAYER = LayerStatistics(
    "dense_1", "relu", mean=0.5, deviation=1.25, dead=0.25, saturated=0.0, gradient=1e-9, update=1e-3
)
LAYERS = (LAYER, replace(LAYER, layer="output", activation="softmax"))


def written(*measurements: Measurement) -> list[Measurement]:
    lines = [to_json_line(row) for each in measurements for row in rows_of(each)]
    rows = [json.loads(line) for line in lines]
    assert all(map(is_row, rows))
    return measurements_in(rows)


def test_measurements_are_read_as_they_were_written() -> None:
    """Loss and reason are not stored: metrics.jsonl has the loss of all examples."""
    first = Measurement(10, LAYERS, "healthy", epoch=1)
    second = Measurement(20, LAYERS, "vanishing", ("dense_1",), epoch=2)
    assert written(first, second) == [first, second]


def test_a_verdict_without_layers_is_about_all() -> None:
    (found,) = written(Measurement(10, LAYERS, "exploding", epoch=1))
    assert (found.verdict, found.blamed) == ("exploding", ("dense_1", "output"))


def test_infinite_numbers_are_not_stored() -> None:
    (found,) = written(Measurement(10, (replace(LAYER, gradient=inf, mean=nan),), "exploding", ("dense_1",), epoch=1))
    assert isnan(found.layers[0].gradient)
    assert isnan(found.layers[0].mean)


def test_foreign_rows_are_read_as_far_as_possible() -> None:
    (found,) = measurements_in([{"epoch": 1, "layer": 3, "verdict": "odd", "gradient": "x", "step": "y"}])
    assert (found.layers[0].layer, found.verdict, found.step) == ("3", "healthy", 0)


def test_the_gradient_ratio_is_that_of_the_first_to_the_last_layer() -> None:
    assert Measurement(0, (LAYER, replace(LAYER, gradient=1e-3)), "healthy").gradient_ratio == 1e-9 / 1e-3
    assert isnan(Measurement(0, (LAYER, replace(LAYER, gradient=0.0)), "healthy").gradient_ratio)
