"""What training will take is what it took."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.commands.plan import plan
from dnnctl.commands.train import train
from dnnctl.runner.forecast import Forecast
from dnnctl.specs import load
from sample_specs import write_spec

CONV = [{"kind": "conv2d", "filters": 4, "padding": "same", "strides": 2, "activation": "relu"}, "flatten"]
SCHEDULES: dict[str, dict[str, Any]] = {
    "one cycle": {
        "schedule": {"kind": "one_cycle", "max_rate": 0.1, "momentum": {}},
        "optimizer": {"kind": "sgd", "momentum": 0.9},
    },
    "phases": {
        "training": {
            "batch_size": 32,
            "phases": [
                {"epochs": 2, "schedule": {"kind": "cosine"}},
                {"epochs": 3, "schedule": {"kind": "exponential", "steps": 4}},
            ],
        }
    },
}


def planned(folder: Path, **sections: Any) -> Forecast:
    return plan(load(write_spec(folder, **sections)), is_timed=False)


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_those_of_the_training(name: str, tmp_path: Path) -> None:
    """The rate of an epoch in metrics.jsonl is that of its last step."""
    path = write_spec(tmp_path, **SCHEDULES[name])
    found, run = plan(load(path), is_timed=False), train(load(path), runs_dir=tmp_path / "runs")
    assert (found.epochs, found.n_steps) == (run.epochs, run.rows[-1]["step"])
    rates = dict(zip(found.rate_steps, found.rates, strict=True))
    last_steps = [row["step"] - 1 for row in run.rows]
    assert set(last_steps) <= set(rates)
    assert [rates[step] for step in last_steps] == pytest.approx([row["learning_rate"] for row in run.rows], rel=1e-6)


def test_parameters_and_operations_are_those_of_the_formulas(tmp_path: Path) -> None:
    """A convolution of 6 × 6 pixels with stride 2: 3 · 3 · 1 · 4 products for each of 3 · 3 pixels."""
    found = planned(tmp_path, model={"layers": CONV})
    by_kind = {each.name.rstrip("_0123456789"): each for each in found.layers}
    assert (by_kind["conv2d"].parameters, by_kind["conv2d"].flops) == (3 * 3 * 4 + 4, 2 * 3 * 3 * 4 * 9)
    assert (by_kind["output"].parameters, by_kind["output"].flops) == (36 * 3 + 3, 2 * 36 * 3)
    assert found.parameters == 3 * 3 * 4 + 4 + 36 * 3 + 3
    assert (by_kind["conv2d"].activation, by_kind["conv2d"].initializer) == ("relu", "glorot_uniform")


def test_of_long_trainings_some_rates_are_kept(tmp_path: Path) -> None:
    """The first, the last and the highest are among them."""
    found = planned(
        tmp_path, training={"batch_size": 1, "epochs": 500}, schedule={"kind": "one_cycle", "max_rate": 0.125}
    )
    assert len(found.rates) <= 61
    assert (found.rate_steps[0], found.rate_steps[-1]) == (0, found.n_steps - 1)
    assert list(found.rate_steps) == sorted(set(found.rate_steps))
    assert found.rates[0] == pytest.approx(0.0125)
    assert max(found.rates) == pytest.approx(0.125, rel=0.02)


def test_times_are_measured_and_nothing_is_written(tmp_path: Path) -> None:
    path = write_spec(tmp_path, **SCHEDULES["one cycle"])
    before = sorted(tmp_path.rglob("*"))
    found = plan(load(path), runs_dir=tmp_path / "runs")
    assert found.times is not None
    each_epoch = found.times.start + found.times.validation
    assert found.seconds == pytest.approx(
        found.times.compilation + found.n_steps * found.times.step + found.epochs * each_epoch
    )
    assert found.times.step > 0
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_not_covered_is_said(tmp_path: Path) -> None:
    gaps = planned(tmp_path, **SCHEDULES["phases"]).gaps
    assert any("phase 1" in gap for gap in gaps)
    assert np.all([gap.endswith(".") for gap in gaps])
