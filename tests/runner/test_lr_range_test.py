"""The rate finder: it changes nothing, and on a problem whose stability limit is known it suggests a rate below it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from dnnctl.cli.app import app
from dnnctl.engine.engine import Engine, OnDevice
from dnnctl.engine.variables import read_state, state_digest, state_variables
from dnnctl.errors import RunError
from dnnctl.events.event import ignore
from dnnctl.runner.lr_range_test import RateCurve, suggest, sweep
from dnnctl.runner.setup import make_engine, prepare
from dnnctl.specs import load_spec
from sample_specs import write_spec

NOISY = {
    "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
    "layers": ["flatten", {"kind": "dense", "units": 8}],
}


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_it_leaves_every_variable_as_it_was(mode: str, tmp_path: Path) -> None:
    spec = load_spec(write_spec(tmp_path, model=NOISY, optimizer="nadam", runtime={"compile": mode}))
    engine = make_engine(prepare(spec, ignore))
    variables = state_variables(engine.model, engine.optimizer, engine.all_metrics)
    before = state_digest(read_state(variables))
    curve = sweep(engine, seed=1, n_steps=40)
    assert len(curve.losses) > 10
    assert state_digest(read_state(variables)) == before


def quadratic(curvature: float) -> Engine:
    """The loss curvature/2 * w^2 of a single weight w, for plain gradient descent: stable below 2/curvature."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), loss=lambda _, y: curvature / 2 * tf.square(y[:, 0]), jit_compile=False)
    ones = tf.ones((200, 1))
    return Engine(model, [], OnDevice(ones, ones, 200), batch_size=1, mode="graph")


@pytest.mark.parametrize("curvature", [0.5, 4.0, 30.0, 1000.0])
def test_on_a_quadratic_it_suggests_a_rate_below_the_limit_of_stability(curvature: float) -> None:
    limit = 2 / curvature
    curve = sweep(quadratic(curvature), seed=1, n_steps=400, lowest=limit / 1000, highest=limit * 100)
    suggestion = suggest(curve)
    assert limit / 4 <= suggestion.max_rate < limit
    assert suggestion.learning_rate < suggestion.max_rate
    assert suggestion.exploded_at is not None
    assert suggestion.exploded_at > limit


def test_rates_grow_by_a_constant_factor_and_each_loss_is_its_batch_s() -> None:
    curve = sweep(quadratic(4.0), seed=1, n_steps=100, lowest=1e-4, highest=1e-2)
    np.testing.assert_allclose(curve.rates[1:] / curve.rates[:-1], 100 ** (1 / 99))
    weights = np.concatenate([[1.0], np.cumprod(1 - 4.0 * curve.rates)])[:-1]
    np.testing.assert_allclose(curve.losses, 2.0 * weights**2, rtol=1e-4)


def test_a_loss_that_never_falls_gives_no_suggestion() -> None:
    flat = RateCurve(np.geomspace(1e-5, 10, 100), np.full(100, 2.3), None)
    with pytest.raises(RunError, match="No rate makes the loss fall"):
        suggest(flat)


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_draws_writes_and_makes_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_spec(tmp_path)
    path.write_text("# kept\n" + path.read_text())
    before = load_spec(path)
    done = call("find-rate", path, "--steps", 60, "-o", tmp_path / "curve.csv", "--write")
    assert done.exit_code == 0, done.output
    assert "loss over the learning rate" in done.output
    after = load_spec(path)
    rate = after.optimizer.learning_rate
    assert f"written: optimizer.learning_rate = {rate:.3g}" in done.output
    assert after.model_copy(update={"optimizer": before.optimizer}) == before
    assert path.read_text().startswith("# kept\n")
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["learning_rate"]) == pytest.approx(1e-5)
    assert not (tmp_path / "runs").exists()


def test_rates_in_the_wrong_order_are_an_error_of_the_user(tmp_path: Path) -> None:
    done = call("find-rate", write_spec(tmp_path), "--min", 1, "--max", 0.1)
    assert (done.exit_code, "--min below --max" in done.stderr) == (2, True)


def test_a_loss_that_never_climbs_is_said_to_be_one() -> None:
    rates = np.geomspace(1e-5, 10, 100)
    falling = suggest(RateCurve(rates, np.linspace(2, 1, 100), exploded_at=None))
    assert falling.reason.startswith("the loss still falls at 10")
    turning = suggest(RateCurve(rates, np.abs(np.linspace(-1, 1, 100)) + 1, exploded_at=None))
    assert "climbs beyond" in turning.reason
