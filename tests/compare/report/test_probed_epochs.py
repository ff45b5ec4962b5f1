"""Heat maps of a run's layers over its epochs."""

from __future__ import annotations

import re

from dnnctl.compare.report.heat import heat_map
from dnnctl.compare.report.probed_epochs import MAX_EPOCHS, describe_probed
from dnnctl.store.layer_statistics import LayerStatistics, Measurement


def epoch(number: int, *gradients: float, verdict: str = "healthy") -> Measurement:
    layers = tuple(
        LayerStatistics(f"dense_{place}", "relu", 0.0, 1.0, 0.0, 0.0, value) for place, value in enumerate(gradients)
    )
    return Measurement(number, layers, verdict, epoch=number)  # type: ignore[arg-type]


def strengths(html: str) -> list[float]:
    return [float(value) for value in re.findall(r"rgba\(var\(--cell\), ([\d.]+)\)", html)]


def test_a_run_without_measurements_has_none() -> None:
    assert describe_probed([]) == ""


def test_the_colour_is_the_logarithm_of_the_number() -> None:
    """The largest is 1; 4 of 8 orders of magnitude less is a half."""
    html = heat_map("", ["1", "2"], [epoch(1, 1.0, 1e-4), epoch(2, 1e-30, 0.0)], "gradient", by_layer=True)
    assert strengths(html) == [1.0, 0.05, 0.5, 0.0]


def test_each_layer_is_a_row_and_long_runs_are_thinned() -> None:
    html = describe_probed([epoch(number, 1.0, 1.0, 1.0) for number in range(1, 501)])
    assert html.count('scope="row"') == 2 * 3
    assert len(strengths(html)) == 2 * 3 * MAX_EPOCHS
    assert "epoch 1 on the left, epoch 500 on the right" in html
    assert "Healthy after all 500 probed epochs." in html


def test_the_first_bad_epoch_is_named() -> None:
    html = describe_probed([epoch(1, 1.0), epoch(2, 1.0, verdict="dead"), epoch(3, 1.0), epoch(4, 1.0, verdict="dead")])
    assert "Not healthy after 2 of 4 probed epochs (dead), first after epoch 2." in html
