"""Scaled targets: training is that of scaled numbers, predictions and metrics are in the unit of the targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.loss import build_loss, build_training_loss
from dnnctl.builder.output import choose_head
from dnnctl.builder.target_scaling import SCALABLE_LOSSES, TargetScaling, fit_target_scaling
from dnnctl.commands.train import train
from dnnctl.errors import SpecError
from dnnctl.specs import Spec
from dnnctl.store.record import RunRecord
from sample_specs import small_spec

TARGETS = np.random.default_rng(3).lognormal(12, 1, (50, 2)).astype(np.float32)


def spec_with(target_scaling: str = "auto", **sections: Any) -> Spec:
    data = {"source": {"kind": "npz", "path": "x.npz"}, "target_scaling": target_scaling}
    return Spec.model_validate({"name": "t", "data": data, "model": {"layers": ["flatten"]}, **sections})


def fit(spec: Spec, targets: Any = TARGETS, loss: str = "mse", *, is_numbers: bool = True) -> TargetScaling | None:
    return fit_target_scaling(spec, loss, targets, is_numbers=is_numbers)


def refuse(spec: Spec, **options: Any) -> str:
    with pytest.raises(SpecError) as caught:
        fit(spec, **options)
    (fault,) = caught.value.faults
    assert fault.path == "data.target_scaling"
    return fault.rule


@pytest.mark.parametrize("kind", ["standardize", "log"])
def test_the_statistics_are_those_of_numpy(kind: str) -> None:
    scaling = fit(spec_with(kind))
    assert scaling is not None
    numbers = np.log(TARGETS.astype(np.float64)) if kind == "log" else TARGETS.astype(np.float64)
    assert scaling.mean == pytest.approx(numbers.mean(axis=0), rel=1e-12)
    assert scaling.deviation == pytest.approx(numbers.std(axis=0), rel=1e-12)
    assert np.asarray(scaling.scale(TARGETS)) == pytest.approx(
        (numbers - numbers.mean(axis=0)) / numbers.std(axis=0), abs=1e-5
    )


@pytest.mark.parametrize("kind", ["standardize", "log"])
def test_the_last_layers_invert_the_scaling(kind: str) -> None:
    """An output of 0 is the mean, or the geometric mean."""
    scaling = fit(spec_with(kind))
    assert scaling is not None
    tensor: Any = scaling.scale(TARGETS)
    zeros: Any = np.zeros((1, 2), np.float32)
    for layer in scaling.layers():
        tensor, zeros = layer(tensor), layer(zeros)
    assert np.asarray(tensor) == pytest.approx(TARGETS, rel=1e-5)
    mean = np.exp(np.log(TARGETS).mean(axis=0)) if kind == "log" else TARGETS.mean(axis=0)
    assert np.asarray(zeros)[0] == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("loss", SCALABLE_LOSSES)
def test_the_loss_is_that_of_scaled_numbers(loss: str) -> None:
    """Against the plain loss of numbers that NumPy scaled, with weights of examples."""
    spec = spec_with("standardize", loss=loss)
    head = choose_head(spec, task="numbers", n_outputs=2)
    plain = build_loss(spec.loss, head.loss)
    assert type(build_training_loss(spec.loss, head)) is type(plain)
    scaling = fit(spec)
    assert scaling is not None
    scaled = build_training_loss(spec.loss, type(head)(head.loss, "numbers", 2, "linear", scaling))
    predictions, weights = TARGETS[::-1].copy(), np.arange(50, dtype=np.float32)
    a, b = (((each - np.array(scaling.mean)) / np.array(scaling.deviation)) for each in (TARGETS, predictions))
    found = float(scaled(TARGETS, predictions, sample_weight=weights))
    assert found == pytest.approx(float(plain(a, b, sample_weight=weights)), rel=1e-5)


def test_auto_scales_numbers_where_that_is_possible() -> None:
    """Also those of arrays."""
    scaling = fit(spec_with())
    assert scaling is not None
    assert scaling.kind == "standardize"
    assert fit(spec_with("none")) is None
    assert fit(spec_with(), np.zeros(50, np.int32), "binary_crossentropy", is_numbers=False) is None
    assert fit(spec_with(), loss="poisson") is None
    assert fit(spec_with(model={"layers": ["flatten"], "output": {"activation": "relu"}})) is None


def test_a_scaling_that_is_not_possible_is_refused() -> None:
    assert "only target numbers" in refuse(spec_with("standardize"), is_numbers=False)
    assert "poisson" in refuse(spec_with("standardize"), loss="poisson")
    relu = spec_with("log", model={"layers": ["flatten"], "output": {"activation": "relu"}})
    assert "linear output" in refuse(relu)
    assert "greater than 0" in refuse(spec_with("log"), targets=np.array([[1.0], [0.0]]))


@pytest.mark.parametrize(("kind", "mean"), [("standardize", 7.0), ("log", np.log(7.0))])
def test_a_constant_target_is_only_shifted(kind: str, mean: float) -> None:
    """The mean of equal logarithms is rounded, so their deviation is 2e-16 in NumPy, not 0."""
    scaling = fit(spec_with(kind), np.full((5, 1), 7.0, np.float32))
    assert scaling is not None
    assert scaling.mean == pytest.approx((mean,))
    assert scaling.deviation == (1.0,)


def write_prices(path: Path, scaled: bool) -> tuple[float, float]:
    """Images whose target is in the hundreds of thousands, or the same target standardized over the training split."""
    draw = np.random.default_rng(7)
    images = draw.integers(0, 255, (160, 6, 6)).astype(np.uint8)
    targets = images.mean((1, 2)).astype(np.float64) * 3000 + 100_000
    mean, deviation = targets[:96].mean(), targets[:96].std()
    numbers = ((targets - mean) / deviation if scaled else targets).astype(np.float32)
    np.savez(path, x_train=images[:120], y_train=numbers[:120], x_test=images[120:], y_test=numbers[120:])
    return mean, deviation


def test_training_is_that_of_scaled_targets(tmp_path: Path) -> None:
    """A spec with standardized targets against one whose file has them already; and the saved model is plain Keras."""
    runs: list[RunRecord] = []
    for kind in ("standardize", "none"):
        mean, deviation = write_prices(tmp_path / f"{kind}.npz", scaled=kind == "none")
        data = {
            "source": {"kind": "npz", "path": str(tmp_path / f"{kind}.npz")},
            "validation": {"size": 24, "take": "last"},
            "scaling": "standardize",
            "target_scaling": kind,
        }
        spec = Spec.model_validate(small_spec(tmp_path, data=data, optimizer={"kind": "sgd", "learning_rate": 0.01}))
        runs.append(train(spec, runs_dir=tmp_path / "runs"))
    ours, plain = runs
    for mine, theirs in zip(ours.rows, plain.rows, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
        assert mine["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-4)
        assert mine["mae"] == pytest.approx(theirs["mae"] * deviation, rel=1e-4)
    with np.load(ours.folder.predictions) as mine, np.load(plain.folder.predictions) as theirs:
        expected = theirs["test_predictions"] * deviation + mean
        assert mine["test_predictions"] == pytest.approx(expected, rel=1e-4)
        inputs, targets = np.load(tmp_path / "standardize.npz")["x_test"], mine["test_labels"]
        model = keras.saving.load_model(ours.folder.model)
        assert model.predict(inputs, verbose=0) == pytest.approx(mine["test_predictions"], rel=1e-5)
        squared = float(np.square(mine["test_predictions"] - targets).mean())
    assert model.evaluate(inputs, targets, verbose=0, return_dict=True)["loss"] == pytest.approx(squared, rel=1e-4)
