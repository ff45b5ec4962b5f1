"""evaluate and predict: the chosen weights, on inputs like those of training."""

from __future__ import annotations

from dataclasses import asdict, replace
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
from dnnctl.errors import RunError, UserError
from dnnctl.store.folder import RunFolder
from image_files import draw_pixels, write_folder
from sample_specs import small_spec, write_digits, write_spec
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


def test_the_mean_of_margins_is_compared_with_0_and_has_no_entropy(tmp_path: Path) -> None:
    """The tanh of `hinge` is no probability."""
    data = {"source": write_table(tmp_path, labels=True), "validation": {"size": 24}}
    model = {"layers": [{"kind": "dense", "units": 8, "dropout": {"kind": "dropout", "rate": 0.5}}]}
    run = train(write_spec(tmp_path, data=data, model=model, loss="hinge"), runs_dir=tmp_path / "runs")
    found = evaluate(run, "test", mc_samples=5)
    assert found.samples is not None
    with np.load(run.folder.predictions) as file:
        labels = file["test_labels"] > 0.5
    mean = found.samples.mean
    assert ((mean > 0) & (mean < 0.5)).any()
    assert found.sampled_accuracy == pytest.approx(((mean > 0) == labels).mean())
    assert found.sampled_entropy is None
    assert "entropy" not in dnnctl.predict(run, held_out(), mc_samples=5)


def test_an_array_is_no_table(table: tuple[Run, dict[str, Any]], run: Run) -> None:
    """And a table is no array."""
    with pytest.raises(RunError, match="was trained on a table: its inputs are columns, not an array"):
        predict(table[0], np.zeros((3, 12), np.float32))
    with pytest.raises(RunError, match="must be an array"):
        predict(run, table[1])


@pytest.fixture
def only_test(run: Run, tmp_path: Path) -> Path:
    """A file with only the test examples of the run."""
    with np.load(run.facts.spec["data"]["source"]["path"]) as file:
        np.savez(tmp_path / "only_test.npz", x_test=file["x_test"], y_test=file["y_test"])
    return tmp_path / "only_test.npz"


def test_new_examples_are_measured_as_the_test_split_is(
    run: Run, table: tuple[Run, dict[str, Any]], only_test: Path
) -> None:
    """The same examples in a file of their own give the same numbers, from other code."""
    assert table[0].summary is not None
    for trained, file in (
        (run, only_test),
        (table[0], table[0].facts.spec["data"]["source"]["test"]["path"]),
    ):
        of_file, of_split = dnnctl.evaluate(trained, data=file), evaluate(trained, "test")
        assert of_file.n == of_split.n
        assert of_file.quality == of_split.quality
        assert of_file.baseline == of_split.baseline
        assert of_file.baseline["accuracy"] == trained.summary.baseline["test"]["accuracy"]  # type: ignore[union-attr]
        assert of_file.metrics["accuracy"] == pytest.approx(of_split.metrics["accuracy"], rel=1e-6)


def test_targets_that_do_not_fit_are_refused(run: Run, table: tuple[Run, dict[str, Any]], tmp_path: Path) -> None:
    np.savez(tmp_path / "new.npz", x_test=PIXELS, y_test=[0, 7])
    np.savez(tmp_path / "short.npz", x_test=PIXELS, y_test=[0])
    np.savez(tmp_path / "other.npz", x=PIXELS, y=[0, 1])
    np.save(tmp_path / "new.npy", PIXELS)
    source = table[0].facts.spec["data"]["source"]["test"]["path"]
    lines = Path(source).read_text().split("\n")
    (tmp_path / "dear.csv").write_text("\n".join([lines[0], *(line + "5" for line in lines[1:] if line)]))
    (tmp_path / "none.csv").write_text(lines[0].replace(",dear", ",cheap") + "\n" + lines[1])
    for trained, name, message in [
        (run, "new.npz", r"classes that the run does not know: '7'\. It was trained with '0', '1', '2'"),
        (run, "short.npz", "2 inputs, but 1 targets"),
        (run, "other.npz", "must contain an array 'x_test'"),
        (run, "new.npy", "has no targets"),
        (table[0], "dear.csv", "is a boolean, but '.5' in row 1"),
        (table[0], "none.csv", "lacks columns: 'dear'"),
    ]:
        with pytest.raises(UserError, match=message):
            evaluate(trained, data=tmp_path / name)


def test_wrong_inputs_are_refused_before_a_network_is_loaded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("dnnctl.commands.evaluate.load_predictor")
    with pytest.raises(UserError, match="must have the shape 6 × 6"):
        evaluate(run, data=(PIXELS[:, :5], [0, 1]))


def test_new_images_are_measured_even_if_all_are_of_one_class(tmp_path: Path) -> None:
    pixels = draw_pixels(24, 6, 6)
    folder = write_folder(tmp_path / "data", {f"{'ab'[n % 2]}/{n}.png": image for n, image in enumerate(pixels)})
    data = {"source": {"kind": "images", "path": str(folder)}, "validation": {"size": 8}}
    trained = train(write_spec(tmp_path, data=data, training={"epochs": 1}), runs_dir=tmp_path / "runs")
    write_folder(tmp_path / "new", {f"b/{n}.png": image for n, image in enumerate(pixels)})
    found = evaluate(trained, data=tmp_path / "new")
    assert found.metrics["accuracy"] == np.mean(dnnctl.predict(trained, tmp_path / "new")["prediction"] == "b")
    write_folder(tmp_path / "odd", {"c/1.png": pixels[0]})
    with pytest.raises(UserError, match=r"does not know: 'c'\. It was trained with 'a', 'b'"):
        evaluate(trained, data=tmp_path / "odd")


def test_data_that_have_moved_are_found_and_must_be_the_same(tmp_path: Path) -> None:
    data = write_digits(tmp_path / "digits.npz")
    trained = train(write_spec(tmp_path, training={"epochs": 1}), runs_dir=tmp_path / "runs")
    before = evaluate(trained, "test")
    data.rename(tmp_path / "moved.npz")
    assert evaluate(trained, "test", overrides=[f"data.source.path={tmp_path / 'moved.npz'}"]) == before
    write_digits(tmp_path / "other.npz", seed=8)
    with pytest.raises(RunError, match="have changed"):
        evaluate(trained, "test", overrides=[f"data.source.path={tmp_path / 'other.npz'}"])
    with pytest.raises(UserError, match="only the new place of a file can be set"):
        evaluate(trained, "test", overrides=["seed=1"])


def test_a_file_with_the_own_data_is_measured_by_split(tmp_path: Path) -> None:
    """Even under another name; a file with other examples has no splits, and all of it is measured."""
    data = write_digits(tmp_path / "digits.npz")
    trained = train(write_spec(tmp_path, training={"epochs": 1}), runs_dir=tmp_path / "runs")
    before = {role: evaluate(trained, role) for role in ("test", "validation", "train")}
    data.rename(tmp_path / "moved.npz")
    for role, expected in before.items():
        found = evaluate(trained, role, data=tmp_path / "moved.npz")
        assert "moved.npz has the data that the run was trained on" in found.notes[0]
        assert replace(found, notes=()) == expected
    assert evaluate(trained, data=tmp_path / "moved.npz").metrics == before["test"].metrics
    write_digits(tmp_path / "other.npz", seed=8)
    other = evaluate(trained, data=tmp_path / "other.npz")
    assert (other.role, other.notes) == (None, ())
    for role in before:
        with pytest.raises(UserError, match=f"--on {role}: --data has other examples"):
            evaluate(trained, role, data=tmp_path / "other.npz")


def test_examples_in_memory_are_measured_as_those_of_files(
    run: Run, table: tuple[Run, dict[str, Any]], only_test: Path
) -> None:
    with np.load(only_test) as file:
        pair = file["x_test"], file["y_test"]
    assert evaluate(run, data=pair) == evaluate(run, data=only_test)
    assert repr(evaluate(run, data=pair)).startswith("Evaluation(40 new examples: accuracy ")
    trained, columns = table
    with np.load(trained.folder.predictions) as file:
        labels = file["test_labels"]
    given = columns | {"dear": labels[:, 0], "very dear": labels[:, 1]}
    assert evaluate(trained, data=given).quality == evaluate(trained).quality
    for record, wrong, message in (
        (run, pair[0], "pair of arrays"),
        (run, (pair[0], pair[1][:3]), "40 inputs, but 3 targets"),
        (trained, pair, "its inputs are columns"),
        (trained, columns, "lacks columns: 'dear'"),
    ):
        with pytest.raises(UserError, match=message):
            evaluate(record, data=wrong)
