"""The range test restores every variable, and suggests rates below the limit of stability where that is known."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from typer.testing import CliRunner

from dnnctl.cli.app import app
from dnnctl.engine.engine import Engine
from dnnctl.engine.step_loop import EpochPlan, OnDevice
from dnnctl.engine.variables import read_state, state_digest, state_variables
from dnnctl.errors import RunError
from dnnctl.events.event import ignore
from dnnctl.runner.examples import place
from dnnctl.runner.lr_range_test import RateCurve, count_steps, range_test, suggest
from dnnctl.runner.setup import prepare
from dnnctl.runner.shuffle import augment_seed, epoch_order
from dnnctl.specs import load_spec
from sample_specs import small_spec, write_spec

NOISY = {
    "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
    "layers": ["flatten", {"kind": "dense", "units": 8}],
}


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_every_variable_is_restored(mode: str, tmp_path: Path) -> None:
    spec = load_spec(write_spec(tmp_path, model=NOISY, optimizer="nadam", runtime={"compile": mode}))
    setup, dataset = prepare(spec, ignore)
    engine = setup.engine(place(setup, dataset.train))
    variables = state_variables(engine.model, engine.optimizer, engine.all_metrics)
    before = state_digest(read_state(variables))
    curve = range_test(engine, seed=1, n_steps=40)
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
    curve = range_test(quadratic(curvature), seed=1, n_steps=400, lowest=limit / 1000, highest=limit * 100)
    suggestion = suggest(curve)
    assert limit / 4 <= suggestion.max_rate < limit
    assert suggestion.learning_rate < suggestion.max_rate
    assert suggestion.exploded_at is not None
    assert suggestion.exploded_at > limit


def test_rates_grow_by_a_constant_factor_and_each_loss_is_of_one_batch() -> None:
    curve = range_test(quadratic(4.0), seed=1, n_steps=100, lowest=1e-4, highest=1e-2)
    np.testing.assert_allclose(curve.rates[1:] / curve.rates[:-1], 100 ** (1 / 99))
    weights = np.concatenate([[1.0], np.cumprod(1 - 4.0 * curve.rates)])[:-1]
    np.testing.assert_allclose(curve.losses, 2.0 * weights**2, rtol=1e-4)


def test_a_loss_that_never_falls_gives_no_suggestion() -> None:
    flat = RateCurve(np.geomspace(1e-5, 10, 100), np.full(100, 2.3), None)
    with pytest.raises(RunError, match="No rate reduces the loss"):
        suggest(flat)


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_draws_writes_and_creates_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_spec(tmp_path)
    path.write_text("# kept\n" + path.read_text())
    before = load_spec(path)
    done = call("find-rate", path, "--steps", 60, "-o", tmp_path / "curve.csv", "--write")
    assert done.exit_code == 0, done.output
    assert "loss vs. learning rate" in done.output
    after = load_spec(path)
    rate = after.optimizer.learning_rate
    assert f"written: optimizer.learning_rate = {rate:.3g}" in done.output
    assert after.model_copy(update={"optimizer": before.optimizer}) == before
    assert path.read_text().startswith("# kept\n")
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["learning_rate"]) == pytest.approx(1e-5)
    assert not (tmp_path / "runs").exists()


def test_rates_in_the_wrong_order_are_a_user_error(tmp_path: Path) -> None:
    done = call("find-rate", write_spec(tmp_path), "--min", 1, "--max", 0.1)
    assert (done.exit_code, "--min less than --max" in done.stderr) == (2, True)


RATES = np.geomspace(1e-5, 10, 1201)  # 200 per factor of ten


def bowl(exploded_at: float | None = None) -> RateCurve:
    """A loss that falls from 2 to 1 between 1e-3 and 1e-2, linearly in log rate, and climbs as steeply from 1e-1."""
    losses = np.interp(np.log10(RATES), [-3, -2, -1, 0], [2.0, 1.0, 1.0, 2.0])
    n_before = len(RATES) if exploded_at is None else int(np.searchsorted(RATES, exploded_at))
    return RateCurve(RATES[:n_before], losses[:n_before], exploded_at)


def test_the_suggestions_follow_the_documented_formula() -> None:
    """On the bowl, low and high are known: 90 % of the way down, 20 % of the way up."""
    found, low, high = suggest(bowl()), 10**-2.1, 10**-0.8
    assert (found.low, found.high) == (pytest.approx(low, rel=0.03), pytest.approx(high, rel=0.03))
    assert found.max_rate == pytest.approx((low * high) ** 0.5, rel=0.03)
    assert found.learning_rate == pytest.approx(found.max_rate / 3)
    assert low < found.turning_point < high
    assert "has risen again by 20 % of it at 0.158" in found.reason


def test_the_range_ends_where_the_loss_explodes() -> None:
    found = suggest(bowl(exploded_at=0.12))
    assert (found.high, found.is_open) == (0.12, False)
    assert "explodes at 0.12" in found.reason


def test_one_low_batch_does_not_move_the_suggestion() -> None:
    """Within the flat bottom, a batch with a lower loss moves the minimum, but neither end of the range."""
    losses = bowl().losses.copy()
    losses[np.searchsorted(RATES, 0.09)] -= 0.3
    moved = suggest(RateCurve(RATES, losses, None))
    assert moved.turning_point > 2 * suggest(bowl()).turning_point
    assert moved.max_rate == pytest.approx(suggest(bowl()).max_rate, rel=0.05)


def test_a_loss_that_does_not_climb_is_reported() -> None:
    falling = suggest(RateCurve(RATES, np.linspace(2, 1, len(RATES)), None))
    assert (falling.is_open, falling.high) == (True, pytest.approx(10))
    assert "has not risen again at 10, the highest rate of the test" in falling.reason


@pytest.mark.parametrize(("n_examples", "n_steps"), [(1, 100), (250, 250), (5000, 1000)])
def test_by_default_a_test_takes_an_epoch_from_100_to_1000_steps(n_examples: int, n_steps: int) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    data = OnDevice(tf.ones((n_examples, 1)), tf.ones((n_examples, 1)), n_examples)
    assert count_steps(Engine(model, [], data, batch_size=1, mode="graph")) == n_steps


def test_each_pass_over_the_data_has_its_own_order_and_augmentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the first epochs of training. Nothing is read ahead after the last one."""
    plans: list[EpochPlan] = []
    stops: list[int] = []
    monkeypatch.setattr(Engine, "stop_reading", lambda _: stops.append(len(plans)))
    start_epoch = Engine.start_epoch
    monkeypatch.setattr(Engine, "start_epoch", lambda engine, plan: plans.append(plan) or start_epoch(engine, plan))
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    data = OnDevice(tf.ones((40, 1)), tf.ones((40, 1)), 40)
    range_test(Engine(model, [], data, batch_size=1, mode="graph"), seed=3, n_steps=100, highest=1e-4)
    assert stops == [3]
    assert [plan.augment_seed for plan in plans] == [augment_seed(3, epoch) for epoch in (1, 2, 3)]
    for epoch, plan in enumerate(plans, start=1):
        assert np.array_equal(plan.order, epoch_order(3, epoch, 40))


def test_the_command_measures_the_weighted_loss_of_training(tmp_path: Path) -> None:
    """A weight of 3 for every class triples the loss of the first batch."""
    first = []
    for weight in (1, 3):
        data = small_spec(tmp_path)["data"] | {"class_weights": {str(number): weight for number in range(3)}}
        done = call("find-rate", write_spec(tmp_path, data=data), "--steps", 40, "--json")
        assert done.exit_code == 0, done.output
        first.append(json.loads(done.output)["curve"][0][1])
    assert first[1] == pytest.approx(3 * first[0], rel=1e-5)


def test_the_command_announces_its_own_steps_and_not_those_of_training(tmp_path: Path) -> None:
    done = call("find-rate", write_spec(tmp_path), "--steps", 40, "--min", 1e-4, "--max", 1)
    assert done.exit_code == 0, done.output
    assert "range test: 40 steps of 16 examples, learning rate from 0.0001 to 1\n" in done.output
    assert "epoch" not in done.output
    assert "note:" not in done.output


PHASES = [{"epochs": 1, "schedule": {"kind": "one_cycle", "max_rate": 0.1}}, {"epochs": 2, "schedule": "none"}]


def test_the_command_reports_what_the_test_does_not_cover(tmp_path: Path) -> None:
    training = {"batch_size": 16, "phases": PHASES, "pretraining": {"kind": "autoencoder", "epochs": 1}}
    done = call("find-rate", write_spec(tmp_path, training=training), "--steps", 40, "--json")
    assert done.exit_code == 0, done.output
    first, second = json.loads(done.output)["notes"]
    assert first.startswith("Only phase 1 of 2 is tested")
    assert second.startswith("The test runs without training.pretraining")


def test_the_suggestion_is_for_the_key_that_the_first_phase_uses(tmp_path: Path) -> None:
    path = write_spec(tmp_path, training={"batch_size": 16, "phases": PHASES})
    before = path.read_text()
    done = call("find-rate", path, "--steps", 40)
    assert "next:  set training.phases.0.schedule.max_rate = " in done.output
    refused = call("find-rate", path, "--steps", 40, "--write")
    assert refused.exit_code == 2
    assert "--write cannot change training.phases.0.schedule.max_rate" in refused.stderr
    assert path.read_text() == before
