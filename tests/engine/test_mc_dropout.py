"""MC dropout: only dropout is random, the mean converges as 1/sqrt(n), and the figures are those of single passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

from dnnctl.builder.dropout import NOISES
from dnnctl.cli.app import app
from dnnctl.commands.evaluate import evaluate
from dnnctl.commands.train import train
from dnnctl.engine.mc_dropout import DROPOUTS, sample
from dnnctl.errors import RunError
from dnnctl.store.record import RunRecord
from sample_specs import write_digits, write_spec

WITH_DROPOUT = {
    "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.4}},
    "layers": ["flatten", {"kind": "dense", "units": 16}],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("mc")
    return train(write_spec(folder, model=WITH_DROPOUT), runs_dir=folder / "runs")


def network(kind: type[keras.layers.Layer], rate: float) -> keras.Model:
    inputs = keras.Input((5,))
    x = kind(rate)(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, kernel_initializer="ones")(keras.layers.BatchNormalization()(x)))


def test_mean_and_deviation_are_those_of_theory() -> None:
    """A sum of 5 ones, each kept with probability 0.6 and divided by it: mean 5, variance 5 * 0.4 / 0.6."""
    model = network(keras.layers.Dropout, 0.4)
    model.layers[2].epsilon = 0.0
    found = sample(model, np.ones((4, 5), np.float32), 4000, seed=3)
    np.testing.assert_allclose(found.mean, 5, atol=0.15)
    np.testing.assert_allclose(found.deviation, np.sqrt(5 * 0.4 / 0.6), rtol=0.05)


def test_gaussian_dropout_has_the_deviation_of_theory() -> None:
    """A sum of 5 ones, each times a number of mean 1 and variance 0.4 / 0.6."""
    model = network(keras.layers.GaussianDropout, 0.4)
    model.layers[2].epsilon = 0.0
    found = sample(model, np.ones((4, 5), np.float32), 4000, seed=3)
    np.testing.assert_allclose(found.deviation, np.sqrt(5 * 0.4 / 0.6), rtol=0.05)


def test_spatial_dropout_drops_whole_channels() -> None:
    """The mean over 9 equal pixels has the deviation of one: √(0.4 / 0.6), not a third of it."""
    inputs = keras.Input((3, 3, 2))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.SpatialDropout2D(0.4)(inputs))
    found = sample(keras.Model(inputs, pooled), np.ones((4, 3, 3, 2), np.float32), 4000, seed=3)
    np.testing.assert_allclose(found.deviation, np.sqrt(0.4 / 0.6), rtol=0.05)


def test_every_noise_of_the_spec_is_sampled_or_is_no_dropout() -> None:
    """Additive noise of a fixed size says nothing about how sure a network is."""
    missing = set(NOISES) - {keras.layers.GaussianNoise} - set(DROPOUTS)
    assert missing == set(), "dnnctl.engine.mc_dropout.DROPOUTS lacks these layers"


def test_the_mean_converges_as_one_over_the_square_root_of_n() -> None:
    model, inputs = network(keras.layers.Dropout, 0.5), np.random.default_rng(0).normal(size=(400, 5)).astype("f")
    exact = model.predict(inputs, verbose=0)
    errors = [np.sqrt(np.mean((sample(model, inputs, n, seed=n).mean - exact) ** 2)) for n in (16, 256)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.25)


def test_nothing_else_is_random_or_changes(run: RunRecord) -> None:
    """Without its dropout the sampled model gives the answers of inference, and its variables stay as they were."""
    model = run.model()
    before = [np.array(variable.numpy()) for variable in model.variables]
    inputs = np.load(write_digits(run.path / "digits.npz"))["x_test"]
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 1e-12
    found = sample(model, inputs, 5)
    np.testing.assert_allclose(found.mean, model.predict(inputs, verbose=0), atol=1e-5)
    np.testing.assert_allclose(found.deviation, 0, atol=1e-5)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_entropy_is_that_of_the_mean(run: RunRecord) -> None:
    found = evaluate(run, "test", mc_samples=20).samples
    assert found is not None
    expected = [-sum(p * np.log(p) for p in row) for row in found.mean.astype(float)]
    np.testing.assert_allclose(found.entropy, expected, rtol=1e-4)


def test_a_network_without_dropout_is_an_error_that_says_why(tmp_path: Path) -> None:
    plain = train(write_spec(tmp_path), runs_dir=tmp_path / "runs")
    with pytest.raises(RunError, match="This network has no dropout: every pass would give the same prediction"):
        evaluate(plain, "test", mc_samples=5)


@pytest.mark.parametrize("role", ["test", "validation"])
def test_evaluating_gives_the_figures_on_record(role: str, run: RunRecord) -> None:
    assert evaluate(run, role).metrics == pytest.approx(run.summary.measured(role), rel=1e-6)


def call(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_evaluate_prints_how_sure_the_run_is(run: RunRecord) -> None:
    output = call("evaluate", run.path, "--mc-samples", 10).output
    assert f"accuracy {run.summary.test['accuracy']:.4f}" in output
    assert "10 passes of MC dropout:\n" in output
    found = json.loads(call("evaluate", run.path, "--json", "--on", "train").output)
    assert (found["on"], found["n"]) == ("train", 96)
    assert call("evaluate", run.path, "--on", "tset").exit_code == 2


def test_predict_writes_what_the_model_says_of_a_file(run: RunRecord, tmp_path: Path) -> None:
    inputs = np.random.default_rng(1).integers(0, 200, (7, 6, 6)).astype(np.uint8)
    np.save(tmp_path / "inputs.npy", inputs)
    assert call("predict", run.path, tmp_path / "inputs.npy", "-o", tmp_path / "p.npz").exit_code == 0
    with np.load(tmp_path / "p.npz") as file:
        found = np.stack([file[f"p_{name}"] for name in range(3)], axis=1)
        np.testing.assert_allclose(found, run.model().predict(inputs, verbose=0), rtol=1e-6)
    sampled = call("predict", run.path, tmp_path / "inputs.npy", "-o", tmp_path / "p.npz", "--mc-samples", 9, "--force")
    assert sampled.exit_code == 0
    with np.load(tmp_path / "p.npz") as file:
        assert {name: file[name].shape for name in file.files} == dict.fromkeys(
            ("row", "prediction", "p_0", "p_1", "p_2", "deviation", "entropy"), (7,)
        )


def test_inputs_that_do_not_fit_are_an_error_of_the_user(run: RunRecord, tmp_path: Path) -> None:
    np.save(tmp_path / "inputs.npy", np.zeros((7, 5)))
    done = call("predict", run.path, tmp_path / "inputs.npy")
    assert (done.exit_code, "each must have the shape 6 × 6. Received: 5." in done.stderr) == (2, True)
    assert call("predict", run.path, tmp_path / "nix.npy").exit_code == 2
