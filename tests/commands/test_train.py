"""Complete runs: which files they leave, how they end, and that they can be repeated."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dnnctl import load_run, load_spec, train
from dnnctl.commands.evaluate import evaluate
from dnnctl.data.load import load_data
from dnnctl.engine.compilation import choose_compilation
from dnnctl.errors import DataError, DeviceError, DivergedError, RunError, SpecError
from dnnctl.events.event import EpochEnded, Event, RunEnded
from dnnctl.specs import Spec, load, to_yaml
from dnnctl.store.catalog import list_runs
from dnnctl.store.encoding import TableEncoding
from dnnctl.store.json_object import read_object
from dnnctl.store.lock import is_held
from dnnctl.store.record import RunRecord, Status
from sample_specs import small_spec, write_digits, write_spec
from sample_tables import held_out, write_table


def run(tmp_path: Path, **sections: Any) -> RunRecord:
    return train(Spec.model_validate(small_spec(tmp_path, **sections)), runs_dir=tmp_path / "runs")


def test_a_run_leaves_all_its_files(tmp_path: Path) -> None:
    record = run(tmp_path)
    assert record.status is Status.FINISHED
    names = {entry.name for entry in record.path.iterdir()}
    assert names >= {
        "spec.yaml",
        "source.yaml",
        "run.json",
        "history.jsonl",
        "metrics.jsonl",
        "log.txt",
        "model.keras",
        "predictions.npz",
        "summary.json",
        "tensorboard",
    }
    assert [row["epoch"] for row in record.rows] == [1, 2, 3]
    assert list(record.rows[0]) == [
        "epoch", "step", "seconds", "learning_rate", "loss", "accuracy", "val_loss", "val_accuracy",
    ]  # fmt: skip
    assert record.rows[-1]["step"] == 3 * 6
    assert record.facts.device.kind in ("cpu", "gpu")
    assert len(record.facts.data.digest) == 64
    assert load_run("small", tmp_path / "runs").summary == record.summary
    assert not is_held(record.folder.lock)


def test_training_learns(tmp_path: Path) -> None:
    summary = run(tmp_path, training={"batch_size": 16, "epochs": 30}).summary
    assert summary.test["accuracy"] >= 0.9


def test_the_spec_of_a_run_repeats_the_run(tmp_path: Path) -> None:
    """The same spec and seed end in the same state, here and in another process; another seed does not."""
    first = run(tmp_path)
    again = train(first.folder.spec, runs_dir=tmp_path / "runs")
    command = [sys.executable, "-m", "dnnctl", "train", str(first.folder.spec), "--quiet", "--runs-dir", str(tmp_path)]
    elsewhere = load_run(tmp_path / subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    other = run(tmp_path, seed=7)
    assert first.summary.state == again.summary.state == elsewhere.summary.state
    assert first.rows[-1]["loss"] == elsewhere.rows[-1]["loss"]
    assert first.summary.state != other.summary.state
    assert load_spec(first.folder.spec) == load_spec(elsewhere.folder.spec)


LOAD_PLAIN = """
import sys
sys.modules["dnnctl"] = None
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
data = np.load(sys.argv[2])
saved = np.load(sys.argv[3])
assert np.allclose(model.predict(data["x_test"], verbose=0), saved["test_predictions"], atol=1e-6)
print(model.evaluate(data["x_test"], data["y_test"], verbose=0, return_dict=True)["loss"])
"""


def test_the_model_is_plain_keras_and_takes_raw_inputs(tmp_path: Path) -> None:
    """In a process without dnnctl: it loads, predicts what the run recorded, and evaluates to the summary's loss."""
    record = run(tmp_path, data={**small_spec(tmp_path)["data"], "scaling": "standardize"})
    files = [record.folder.model, tmp_path / "digits.npz", record.folder.predictions]
    command = [sys.executable, "-c", LOAD_PLAIN, *map(str, files)]
    loss = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert loss == pytest.approx(record.summary.test["loss"], rel=1e-5)


def test_a_model_with_layers_of_dnnctl_loads_with_dnnctl(tmp_path: Path) -> None:
    record = run(tmp_path, model={"layers": ["flatten", {"kind": "dense", "units": 8, "activation": "rrelu"}]})
    model = keras.saving.load_model(record.folder.model)
    saved = np.load(record.folder.predictions)
    expected = model.predict(np.load(tmp_path / "digits.npz")["x_test"], verbose=0)
    assert saved["test_predictions"] == pytest.approx(expected, abs=1e-6)


def test_the_best_weights_are_those_of_the_best_epoch(tmp_path: Path) -> None:
    """Even if the rate destroys the network after its best epoch, summary and model are those of the best epoch."""
    schedule = {"kind": "piecewise", "boundaries": [2], "values": [0.1, 5.0]}
    record = run(tmp_path, schedule=schedule, training={"batch_size": 16, "epochs": 4})
    best = min(record.rows, key=lambda row: row["val_loss"])
    assert record.summary.best_epoch == best["epoch"] < 4
    assert record.summary.validation["loss"] == pytest.approx(best["val_loss"], rel=1e-6)
    spec = Spec.model_validate(small_spec(tmp_path))
    part = load_data(spec.data, seed=spec.seed).validation
    assert part is not None
    model = keras.saving.load_model(record.folder.model)
    found = model.evaluate(part.inputs, part.targets, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(best["val_loss"], rel=1e-5)


def test_predictions_and_labels_agree_with_the_metrics(tmp_path: Path) -> None:
    record = run(tmp_path)
    saved = np.load(record.folder.predictions)
    for role in ("validation", "test"):
        accuracy = (saved[f"{role}_predictions"].argmax(axis=1) == saved[f"{role}_labels"]).mean()
        assert accuracy == pytest.approx(record.summary.measured(role)["accuracy"])
    assert np.array_equal(saved["test_labels"], np.load(tmp_path / "digits.npz")["y_test"])
    assert saved["class_names"].tolist() == ["0", "1", "2"]


def read_events(folder: Path) -> Iterable[tuple[int, str, float]]:
    for path in folder.iterdir():
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                yield event.step, value.tag, value.simple_value


def test_tensorboard_files_hold_every_row(tmp_path: Path) -> None:
    record = run(tmp_path)
    train_events = list(read_events(record.folder.tensorboard / "train"))
    validation_events = list(read_events(record.folder.tensorboard / "validation"))
    for row in record.rows:
        for name in ("learning_rate", "loss", "accuracy"):
            assert (row["epoch"], f"epoch_{name}", pytest.approx(row[name])) in train_events
        for name in ("loss", "accuracy"):
            assert (row["epoch"], f"epoch_{name}", pytest.approx(row[f"val_{name}"])) in validation_events


def test_early_stopping_ends_a_run_that_no_longer_improves(tmp_path: Path) -> None:
    stopping = {"monitor": "val_loss", "patience": 2}
    optimizer = {"kind": "sgd", "learning_rate": 3.0}
    record = run(tmp_path, optimizer=optimizer, training={"epochs": 50, "early_stopping": stopping})
    losses = [row["val_loss"] for row in record.rows]
    assert record.status is Status.STOPPED_EARLY
    assert len(losses) < 50
    assert min(losses) == losses[-3]
    assert record.summary.best_epoch == len(losses) - 2


def test_an_infinite_loss_ends_the_run_as_diverged(tmp_path: Path) -> None:
    """The best weights are kept, and the error names the step."""
    schedule = {"kind": "piecewise", "boundaries": [8], "values": [0.01, 1e30], "per": "step"}
    output = {"activation": "linear"}
    model = {"layers": ["flatten", {"kind": "dense", "units": 8}], "output": output}
    seen: list[Event] = []
    spec = Spec.model_validate(small_spec(tmp_path, schedule=schedule, model=model, loss="mse", metrics=["accuracy"]))
    with pytest.raises(DivergedError, match=r"step \d of epoch 2") as caught:
        train(spec, runs_dir=tmp_path / "runs", report=seen.append)
    (record,) = list_runs(tmp_path / "runs")
    assert caught.value.exit_code == 3
    assert record.status is Status.DIVERGED
    assert len(record.rows) == 1
    assert not record.summary
    kept = keras.saving.load_model(record.folder.model)
    assert all(np.isfinite(weight.numpy()).all() for weight in kept.weights)
    assert not any(isinstance(event, RunEnded) for event in seen)


def test_a_failure_leaves_its_traceback_and_the_status_failed(tmp_path: Path) -> None:
    def fail(event: Event) -> None:
        if isinstance(event, EpochEnded):
            raise RuntimeError("the caller broke")

    spec = Spec.model_validate(small_spec(tmp_path))
    with pytest.raises(RuntimeError, match="the caller broke"):
        train(spec, runs_dir=tmp_path / "runs", report=fail)
    (record,) = list_runs(tmp_path / "runs")
    assert record.status is Status.FAILED
    assert record.history[-1].reason == "RuntimeError: the caller broke"
    assert "Traceback" in record.folder.log.read_text()
    assert record.folder.spec.is_file()


def test_a_keyboard_interrupt_leaves_the_status_interrupted(tmp_path: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, EpochEnded):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(Spec.model_validate(small_spec(tmp_path)), runs_dir=tmp_path / "runs", report=interrupt)
    (record,) = list_runs(tmp_path / "runs")
    assert record.status is Status.INTERRUPTED
    assert record.folder.model.is_file()


def test_a_fault_found_while_building_names_the_file_and_line(tmp_path: Path) -> None:
    path = write_spec(tmp_path, model={"layers": ["flatten", {"kind": "conv2d", "filters": 3}]})
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "conv2d" in text)
    with pytest.raises(SpecError, match=f"small.yaml:{line}:.*model.layers.1: conv2d needs images"):
        train(load(path), runs_dir=tmp_path / "runs")
    assert list_runs(tmp_path / "runs") == []


def test_a_missing_gpu_and_missing_data_are_errors(tmp_path: Path) -> None:
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    with pytest.raises(DeviceError, match="device: auto"):
        run(tmp_path, runtime={"device": "gpu"})
    with pytest.raises(DataError, match="no such file"):
        run(tmp_path, data={"source": {"kind": "npz", "path": str(tmp_path / "nowhere.npz")}})
    assert list_runs(tmp_path / "runs") == [], "a run that never started does not hide others of its name"


def test_a_runs_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RunError, match="--runs-dir"):
        run(tmp_path)


def test_a_linear_network_learns_numbers(tmp_path: Path) -> None:
    """A linear network learns y = x₀ − 2·x₁ almost exactly."""
    draw = np.random.default_rng(1)
    x = draw.normal(5, 3, (400, 2)).astype(np.float32)
    y = x[:, 0] - 2 * x[:, 1]
    np.savez(tmp_path / "xy.npz", x_train=x[:300], y_train=y[:300], x_test=x[300:], y_test=y[300:])
    spec = {
        "name": "line",
        "data": {"source": {"kind": "npz", "path": str(tmp_path / "xy.npz")}, "scaling": "standardize"},
        "model": {"layers": [{"kind": "dense", "units": 8}]},
        "metrics": ["mae", "r2"],
        "optimizer": {"kind": "adam", "learning_rate": 0.05},
        "training": {"epochs": 30},
    }
    summary = train(Spec.model_validate(spec), runs_dir=tmp_path).summary
    assert summary.test["r2"] > 0.999
    assert summary.monitor == "loss"


@pytest.mark.parametrize(
    ("sections", "names"),
    [
        ({"loss": "categorical_crossentropy", "metrics": ["accuracy", "f1_score", "auc_roc"]}, {"f1_score", "auc_roc"}),
        ({"metrics": ["crossentropy", {"kind": "top_k_accuracy", "k": 2}]}, {"crossentropy", "top_2_accuracy"}),
        ({"loss": {"kind": "categorical_crossentropy", "label_smoothing": 0.1}}, {"accuracy"}),
        ({"optimizer": "muon"}, {"accuracy"}),
        ({"optimizer": "schedule_free_adamw"}, {"accuracy"}),
        ({"runtime": {"precision": "mixed_float16"}}, {"accuracy"}),
        ({"runtime": {"compile": "xla"}}, {"accuracy"}),
        ({"training": {"batch_size": 1000, "epochs": 2}}, {"accuracy"}),
    ],
)
def test_losses_metrics_optimizers_and_runtimes_train(tmp_path: Path, sections: Any, names: set[str]) -> None:
    record = run(tmp_path, **sections)
    assert names <= set(record.summary.test)
    assert record.rows[-1]["loss"] < record.rows[0]["loss"]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"schedule": {"kind": "constant", "warmup": {"steps": 18}}}, "schedule.warmup.steps"),
        ({"training": {"epochs": 1, "early_stopping": {"monitor": "val_mae"}}}, "training.early_stopping.monitor"),
    ],
)
def test_faults_that_depend_on_the_data_are_refused_before_the_first_step(
    tmp_path: Path, sections: Any, message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        run(tmp_path, **sections)
    assert not list_runs(tmp_path / "runs")


def test_two_classes_give_one_output_unit(tmp_path: Path) -> None:
    data = {**small_spec(tmp_path)["data"], "classes": [2, 0], "validation": "none"}
    record = run(tmp_path, data=data, metrics=["accuracy", "precision", "recall"])
    saved = np.load(record.folder.predictions)
    assert saved["test_predictions"].shape[1] == 1
    accuracy = ((saved["test_predictions"][:, 0] > 0.5) == saved["test_labels"]).mean()
    assert accuracy == pytest.approx(record.summary.test["accuracy"])


def make_model(*layers: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), *layers, keras.layers.Dense(10)])


POOLING = [keras.layers.Reshape((28, 28, 1)), keras.layers.MaxPooling2D(), keras.layers.Flatten()]


@pytest.mark.parametrize(
    ("layers", "n_steps", "device", "mode"),
    [
        ([], 10, "cpu", "graph"),
        ([], 1_000_000, "cpu", "xla"),
        ([keras.layers.Dropout(0.2, seed=1)], 1_000_000, "cpu", "xla"),
        (POOLING, 1_000_000, "cpu", "graph"),
        (POOLING, 1_000_000, "gpu", "graph"),
        ([], 1_000_000, "gpu", "xla"),
    ],
)
def test_auto_compiles_if_it_saves_time(layers: Any, n_steps: int, device: str, mode: str, tmp_path: Path) -> None:
    runtime = Spec.model_validate(small_spec(tmp_path)).runtime
    choice = choose_compilation(runtime, make_model(*layers), device=device, n_steps=n_steps)
    assert choice.mode == mode
    asked = runtime.model_copy(update={"compile": "xla"})
    assert choose_compilation(asked, make_model(), device="cpu", n_steps=1).mode == "xla"


def test_train_takes_specs_paths_and_loaded_specs(tmp_path: Path) -> None:
    write_digits(tmp_path / "digits.npz")
    path = write_spec(tmp_path, training={"epochs": 1})
    records = [train(given, runs_dir=tmp_path / "runs") for given in (path, str(path), load(path), load_spec(path))]
    assert len({record.summary.state for record in records}) == 1
    assert records[-1].folder.source.read_text() == to_yaml(load_spec(path))
    assert records[0].folder.source.read_text() == path.read_text()
    assert json.loads(records[0].folder.run.read_text())["spec_digest"] == records[1].facts.spec_digest


LOAD_TABLE = """
import sys
sys.modules["dnnctl"] = None
import warnings
warnings.simplefilter("ignore")
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1], safe_mode=True)
file = np.load(sys.argv[2])
test = {n: file[n].astype(object) if file[n].dtype.kind == "U" else file[n] for n in file["names"]}
targets, saved = (np.load(sys.argv[3])[n] for n in ("test_labels", "test_predictions"))
assert np.allclose(np.asarray(model(test)), saved, rtol=1e-6), "called"
assert np.allclose(model.predict(test, verbose=0), saved, rtol=1e-4), "predict"
print(model.evaluate(test, targets, verbose=0, return_dict=True))
"""


@pytest.mark.parametrize("labels", [False, True])
def test_the_model_of_a_table_is_plain_keras_and_takes_raw_columns(labels: bool, tmp_path: Path) -> None:
    """In a process without dnnctl: from strings, holes and unknown categories to the predictions of the run."""
    record = run(
        tmp_path,
        data={"source": write_table(tmp_path, labels=labels), "validation": {"size": 24}},
        model={"defaults": {"activation": "relu"}, "layers": [{"kind": "dense", "units": 8}]},
    )
    assert record.summary.task == ("labels" if labels else "numbers")
    encoding, damages = read_object(record.folder.encoding, TableEncoding)
    assert (encoding.width, damages) == (11, [])
    columns = {name: each.astype(str) if each.dtype == object else each for name, each in held_out().items()}
    np.savez(tmp_path / "columns.npz", names=list(columns), **columns)
    files = [record.folder.model, tmp_path / "columns.npz", record.folder.predictions]
    command = [sys.executable, "-c", LOAD_TABLE, *map(str, files)]
    found = ast.literal_eval(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    metric = "accuracy" if labels else "mae"
    assert found[metric] == pytest.approx(record.summary.test[metric], rel=1e-4)
    assert evaluate(record, "test").metrics == pytest.approx(record.summary.test, rel=1e-6)
    assert evaluate(record, "test", weights="last").metrics == pytest.approx(record.summary.last.test, rel=1e-6)


CANNOT_LEARN = {"kind": "sgd", "learning_rate": 1e-30}
"""The weights of the network remain what they are."""


def losses_of(record: RunRecord, name: str) -> list[float]:
    return [row[name] for row in record.rows]


def test_augmentation_changes_the_training_examples_of_each_epoch(tmp_path: Path) -> None:
    """Without learning, the training loss of an epoch depends on its images alone; validation never changes."""
    data = small_spec(tmp_path)["data"]
    plain = run(tmp_path, optimizer=CANNOT_LEARN)
    augmented = run(tmp_path, data={**data, "augment": ["flip", "rotate"]}, optimizer=CANNOT_LEARN)
    assert losses_of(plain, "loss") == pytest.approx([plain.rows[0]["loss"]] * 3, rel=1e-5)
    assert len({round(loss, 3) for loss in [plain.rows[0]["loss"], *losses_of(augmented, "loss")]}) == 4
    assert losses_of(augmented, "val_loss") == losses_of(plain, "val_loss")
    assert augmented.summary.test == plain.summary.test


def test_class_weights_change_the_training_loss_alone(tmp_path: Path) -> None:
    """Without learning, a weight of 3 for every class gives three times the loss, and the same metrics."""
    data = small_spec(tmp_path)["data"]
    plain = run(tmp_path, optimizer=CANNOT_LEARN)
    weighted = run(tmp_path, data={**data, "class_weights": {"0": 3, "1": 3, "2": 3}}, optimizer=CANNOT_LEARN)
    assert losses_of(weighted, "loss") == pytest.approx([3 * loss for loss in losses_of(plain, "loss")], rel=1e-5)
    for name in ("accuracy", "val_loss", "val_accuracy"):
        assert losses_of(weighted, name) == losses_of(plain, name)
    assert weighted.summary.test == plain.summary.test


def test_balanced_classes_have_the_same_part_in_the_loss(tmp_path: Path) -> None:
    """The mean over the classes of the mean loss of each class, for a data set with one rare class."""
    path = write_digits(tmp_path / "rare.npz")
    with np.load(path) as file:
        arrays = dict(file)
    kept = (arrays["y_train"] > 0) | (np.arange(len(arrays["y_train"])) < 20)
    np.savez(path, x_train=arrays["x_train"][kept], y_train=arrays["y_train"][kept])
    record = run(
        tmp_path,
        data={"source": {"kind": "npz", "path": str(path)}, "scaling": "unit", "class_weights": "balanced"},
        optimizer=CANNOT_LEARN,
    )
    images, labels = arrays["x_train"][kept], arrays["y_train"][kept]
    predictions = keras.saving.load_model(record.folder.model).predict(images, verbose=0)
    losses = -np.log(predictions[np.arange(len(labels)), labels])
    expected = np.mean([losses[labels == label].mean() for label in range(3)])
    assert abs(expected - losses.mean()) > 0.01
    assert record.rows[0]["loss"] == pytest.approx(expected, rel=1e-4)
