"""Slices: each trial has one mark, at its values."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.compare.report.chart import Charts
from dnnctl.search.axis import axes_of
from dnnctl.search.claim import Claim, make_claim
from dnnctl.search.report.score_axis import ScoreAxis
from dnnctl.search.report.slices import STYLES, marks_of, slice_charts, style_of
from dnnctl.store.trials import Trial
from stored_trials import store_trial

UNITS = "model.layers.1.units"


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """One trial of each kind of mark, and one that is not over; their numbers are in the order of `STYLES`."""
    folder = tmp_path_factory.mktemp("trials")
    found = [("stopped", 0.6), ("finished", 0.7), ("finished", 0.8), ("finished", -99.0), ("failed", 0.0)]
    return [
        store_trial(
            folder,
            number,
            [] if state in ("failed", "unfinished") else [score],
            state=state,
            setting={UNITS: "ab"[number % 2]},
        )
        for number, (state, score) in enumerate([*found, ("unfinished", 0.0)], 1)
    ]


def test_each_trial_that_is_over_has_one_mark(trials: list[Trial]) -> None:
    score = ScoreAxis.of(trials, "val_accuracy")
    assert score is not None
    marks = marks_of(trials, score, best=[trials[2]])
    assert {kind: [trial.number for trial, _ in found] for kind, found in marks.items()} == {
        kind: [number] for number, kind in enumerate(STYLES, 1)
    }
    heights = {trial.number: height for found in marks.values() for trial, height in found}
    assert [heights[number] for number in (1, 2, 3)] == [0.6, 0.7, 0.8]
    assert heights[4] == heights[5] == score.edge < 0.6
    assert style_of(list(STYLES)[3], score)["symbol"] == "triangle-down", "it points to where the score is"


def claim_of(folder: Path, trials: list[Trial]) -> Claim | None:
    runs = [
        store_trial(folder, 3, [value], confirms=k, seed=k, setting={UNITS: "b"}) for k, value in ((1, 0.7), (2, 0.8))
    ]
    return make_claim([trials[2]], runs, "val_accuracy")


def test_confirmed_settings_are_drawn_with_their_intervals(trials: list[Trial], tmp_path: Path) -> None:
    """The interval of two numbers is their mean ± 12.706 · s / √2 (Student's t with one degree of freedom)."""
    score, charts = ScoreAxis.of(trials, "val_accuracy"), Charts()
    assert score is not None
    slice_charts(axes_of(trials, {}), [score], trials, claim_of(tmp_path, trials), charts)
    (chart,) = charts.charts
    fresh = chart["traces"][-1]
    assert (fresh["name"], fresh["x"], fresh["y"]) == ("with fresh seeds", [1.0], [pytest.approx(0.75)])
    for side in ("above", "below"):
        assert fresh["error"][side] == [pytest.approx(12.706 * 0.05, rel=1e-3)]


def test_values_of_a_list_are_spread_less_than_the_distance_between_them(trials: list[Trial]) -> None:
    score, charts = ScoreAxis.of(trials, "val_accuracy"), Charts()
    assert score is not None
    slice_charts(axes_of(trials, {}), [score], trials, None, charts)
    (chart,) = charts.charts
    assert chart["x_ticks"] == {"at": [0, 1], "texts": ("a", "b")}
    for trace, trial in zip(chart["traces"], trials, strict=False):
        assert round(trace["x"][0]) == ["a", "b"].index(trial.facts.setting[UNITS])
