"""The axis of scores: the best end is never cut off, and every score has a height."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.search.report.score_axis import ScoreAxis, describe, format_score
from dnnctl.store.trials import Trial
from stored_trials import store_trial


def stored(folder: Path, values: list[float], metric: str) -> list[Trial]:
    return [store_trial(folder, number, [value], metric=metric) for number, value in enumerate(values, 1)]


@pytest.mark.parametrize(
    ("metric", "scores"), [("val_loss", [0.3, 0.5, 0.4, 90.0]), ("val_r2", [0.7, 0.5, 0.6, -90.0])]
)
def test_a_terrible_score_is_drawn_at_the_worse_end(metric: str, scores: list[float], tmp_path: Path) -> None:
    axis = ScoreAxis.of(stored(tmp_path, scores, metric), metric)
    assert axis is not None
    assert (axis.low, axis.high) == (min(scores[:3]), max(scores[:3]))
    assert [axis.shows(score) for score in scores] == [True, True, True, False]
    assert [axis.height(score) for score in scores] == pytest.approx([1, 0, 0.5, 0])
    assert axis.ends[0] < axis.edge < axis.ends[1]
    assert (axis.edge > axis.high) == (scores[3] > axis.high), "it is at the side of the terrible score"


def test_equal_scores_and_no_scores(tmp_path: Path) -> None:
    axis = ScoreAxis.of(stored(tmp_path, [0.5, 0.5], "val_loss"), "val_loss")
    assert axis is not None
    assert axis.ends[0] < 0.5 < axis.ends[1]
    assert axis.height(0.5) == 1.0
    failed = store_trial(tmp_path, 7, [], state="failed")
    diverged = store_trial(tmp_path, 8, [0.4], state="diverged")
    assert ScoreAxis.of([failed, diverged], "val_accuracy") is None


def test_the_best_score_is_always_drawn(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    values = draw.lognormal(0, 3, size=12).tolist()
    axis = ScoreAxis.of(stored(tmp_path, values, "val_loss"), "val_loss")
    assert axis is not None
    assert axis.low == min(values)


def test_scores_on_fresh_seeds_are_always_drawn(tmp_path: Path) -> None:
    """They are worse than those in the sweep, by which the setting was chosen."""
    axis = ScoreAxis.of(stored(tmp_path, [0.8, 0.7, 0.75], "val_accuracy"), "val_accuracy", [0.3, 0.85])
    assert axis is not None
    assert (axis.low, axis.high) == (0.3, 0.85)


def test_a_trial_is_described_in_lines(tmp_path: Path) -> None:
    setting = {"optimizer.learning_rate": 0.1, "activation": {"kind": "leaky_relu", "slope": 0.2}}
    trial = store_trial(tmp_path, 3, [0.5], setting=setting, state="stopped")
    assert describe(trial, ["val_accuracy", "parameters"]).splitlines() == [
        "trial 3, stopped at 1",
        "val_accuracy 0.5000",
        "parameters 30",
        "learning_rate 0.1",
        "activation {kind: leaky_relu, slope: 0.2}",
    ]
    assert format_score(266610.0, "parameters") == "266,610"
