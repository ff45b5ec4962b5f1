"""evaluate and predict: the chosen weights, on inputs like those of training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any

import numpy as np
import pytest

import dnnctl
from dnnctl.commands.evaluate import evaluate
from dnnctl.commands.fork import fork
from dnnctl.commands.predictor import load_predictor
from dnnctl.commands.prune import prune
from dnnctl.commands.runs import Run
from dnnctl.commands.train import train
from dnnctl.errors import RunError
from dnnctl.store.folder import RunFolder
from sample_specs import small_spec, write_spec
from sample_tables import held_out, write_table


def predict(run: Run, inputs: Any, *, weights: Any = "best", **options: Any) -> dict[str, Any]:
    return asdict(load_predictor(run, weights, **options).answer(inputs))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose last epoch destroys what the best one learned."""
    folder = tmp_path_factory.mktemp("run")
    schedule = {"kind": "piecewise", "boundaries": [2], "values": [0.1, 5.0]}
    training = {"batch_size": 16, "epochs": 4}
    return train(write_spec(folder, schedule=schedule, training=training), runs_dir=folder / "runs")


def test_the_last_weights_are_those_after_the_last_epoch(run: Run) -> None:
    """They give the metrics of the last row, and the last checkpoint holds them."""
    assert run.summary is not None
    assert run.summary.last is not None
    assert run.summary.best_epoch < run.summary.last.epoch == 4
    last, best = run.rows[-1], run.best
    assert evaluate(run, "validation", weights="last").metrics["loss"] == pytest.approx(last["val_loss"], rel=1e-6)
    assert evaluate(run, "validation").metrics["loss"] == pytest.approx(best["val_loss"], rel=1e-6)
    assert run.summary.last.validation == pytest.approx(evaluate(run, "validation", weights="last").metrics)
    assert run.summary.last.test == pytest.approx(evaluate(run, "test", weights="last").metrics)
    newest = sorted((run.path / "checkpoints").iterdir())[-1]
    with np.load(newest / "state.npz") as state:
        kernel = state["variable/model/dense_1/0_kernel"]
    np.testing.assert_array_equal(run.model("last").get_layer("dense_1").kernel, kernel)


def test_predictions_are_those_of_the_chosen_weights(run: Run) -> None:
    inputs = np.zeros((3, 6, 6), np.uint8)
    answers = {weights: predict(run, inputs, weights=weights)["predictions"] for weights in ("best", "last")}
    for weights, answer in answers.items():
        np.testing.assert_allclose(answer, run.model(weights).predict(inputs, verbose=0), rtol=1e-6)
    assert not np.allclose(answers["best"], answers["last"])


PIXELS = np.arange(72, dtype=np.uint8).reshape(2, 6, 6) * 3


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (PIXELS / 255, r"uint8 pixels from 0 to 255.*float64 from 0 to 0\.8353.*\* 255"),
        (PIXELS - 1.0, "float64 from -1 to 212"),
        (PIXELS * 2.0, "float64 from 0 to 426"),
        (PIXELS + np.nan, "float64"),
        (PIXELS.astype(np.int64) - 1, "int64 from -1 to 212"),
        (PIXELS.astype(str), "must be numbers"),
        (PIXELS[:, :5], r"must have the shape 6 × 6\. Received: 5 × 6"),
    ],
)
def test_inputs_on_another_scale_are_refused(inputs: Any, message: str, run: Run) -> None:
    """A network that scales pixels itself would return confident nonsense for floats in 0..1."""
    with pytest.raises(RunError, match=message):
        predict(run, inputs)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.float32])
def test_whole_pixel_values_are_accepted_in_any_type(dtype: Any, run: Run) -> None:
    expected = predict(run, PIXELS)["predictions"]
    np.testing.assert_array_equal(predict(run, PIXELS.astype(dtype))["predictions"], expected)


@pytest.fixture
def altered(run: Run, tmp_path: Path) -> Run:
    """A copy of the run whose best weights were replaced by the last ones."""
    copytree(run.path, tmp_path / run.id)
    copy = Run(RunFolder(tmp_path / run.id))
    copyfile(copy.folder.last_model, copy.folder.model)
    return copy


def test_altered_weights_are_refused_unless_accepted_and_then_marked(altered: Run) -> None:
    """The recorded metrics are those of the weights that were replaced, the new ones those of the weights there."""
    for use in (lambda: evaluate(altered, "test"), lambda: dnnctl.predict(altered, PIXELS), altered.model):
        with pytest.raises(RunError, match=r"altered since training: model\.keras"):
            use()
    with pytest.raises(RunError, match="--accept-altered"):
        evaluate(altered, "test")
    found = evaluate(altered, "test", accept_altered=True)
    assert altered.summary is not None
    assert altered.summary.last is not None
    assert found.altered == ("model.keras",)
    assert found.metrics == pytest.approx(altered.summary.last.test)
    assert found.recorded == altered.summary.test != altered.summary.last.test
    assert len(dnnctl.predict(altered, PIXELS, accept_altered=True)["prediction"]) == len(PIXELS)
    assert evaluate(altered, "test", weights="last").altered == ()


def test_an_altered_run_is_not_pruned_or_reused_or_forked(altered: Run, tmp_path: Path) -> None:
    def reuse() -> None:
        reusing = {**small_spec(tmp_path)["model"], "reuse": {"run": str(altered.path), "layers": 1}}
        train(write_spec(tmp_path, model=reusing), runs_dir=tmp_path / "runs")

    for use in (lambda: prune(altered.path, sparsity=0.5), reuse):
        with pytest.raises(RunError, match=r"altered since training: model\.keras"):
            use()
    text = altered.folder.spec.read_text()
    altered.folder.spec.write_text(text.replace("seed: 42", "seed: 43"))
    with pytest.raises(RunError, match=r"altered since training: spec\.yaml"):
        fork(altered.path, ["training.epochs=5"])
    altered.folder.spec.write_text(text)
    manifest = sorted(altered.folder.checkpoints.glob("*/manifest.json"))[-1]
    manifest.write_text(manifest.read_text() + " ")
    with pytest.raises(RunError, match=f"altered since training: checkpoints/{manifest.parent.name}/manifest"):
        fork(altered.path, ["training.epochs=5"])
    assert not (tmp_path / "runs").exists()


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any]]:
    """A run on a table with two labels, with dropout, and the raw columns of its test split."""
    folder = tmp_path_factory.mktemp("table")
    data = {"source": write_table(folder, labels=True), "validation": {"size": 24}}
    model = {"layers": [{"kind": "dense", "units": 8, "dropout": {"kind": "dropout", "rate": 0.5}}]}
    run = train(write_spec(folder, data=data, model=model), runs_dir=folder / "runs")
    return run, held_out()


def test_a_table_is_predicted_from_raw_columns(table: tuple[Run, dict[str, Any]]) -> None:
    """In any order, with other columns, as any kind of strings: the predictions that the run recorded."""
    run, columns = table
    given = dict(reversed([*columns.items(), ("other", np.zeros(3))]))
    given = {name: each.astype(str) if each.dtype == object else list(each) for name, each in given.items()}
    with np.load(run.folder.predictions) as file:
        recorded = file["test_predictions"]
    assert np.array_equal(predict(run, given)["predictions"], recorded)


def test_the_passes_of_mc_dropout_over_a_table_give_an_entropy_of_the_labels(table: tuple[Run, dict[str, Any]]) -> None:
    """-Σ p ln p + (1 - p) ln (1 - p) over the labels, and the fraction of correct labels."""
    run, columns = table
    found = predict(run, columns, mc_samples=5)
    p = found["predictions"].astype(np.float64)
    assert found["entropy"] == pytest.approx(-(p * np.log(p) + (1 - p) * np.log(1 - p)).sum(axis=1), rel=1e-4)
    assert found["deviation"].min() > 0
    measured = evaluate(run, "test", mc_samples=5)
    assert measured.samples is not None
    with np.load(run.folder.predictions) as file:
        is_right = (measured.samples.mean > 0.5) == (file["test_labels"] > 0.5)
    assert measured.sampled_accuracy == pytest.approx(is_right.mean())


def test_an_array_is_no_table(table: tuple[Run, dict[str, Any]], run: Run) -> None:
    """And a table is no array."""
    with pytest.raises(RunError, match="was trained on a table: its inputs are columns, not an array"):
        predict(table[0], np.zeros((3, 12), np.float32))
    with pytest.raises(RunError, match="must be an array"):
        predict(run, table[1])
