"""export: what is written answers as the run does, everything else is refused and leaves nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dnnctl
from dnnctl.commands import conversion
from dnnctl.commands.export import Export, check_folder
from dnnctl.commands.export_formats import FORMATS
from dnnctl.commands.runs import Run
from dnnctl.engine.export import onnx
from dnnctl.engine.export.writers import WRITERS
from dnnctl.errors import ExportError, UserError
from image_files import draw_pixels, write_folder
from sample_specs import write_spec
from sample_tables import held_out, write_table

pytestmark = pytest.mark.heavy
SHORT = {"batch_size": 16, "epochs": 2}
DENSE = {
    "layers": [{"kind": "dense", "units": 8, "activation": "selu", "dropout": {"kind": "alpha_dropout", "rate": 0.1}}]
}
DONE = subprocess.CompletedProcess([], 0, "")


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Convert in this process, which has loaded TensorFlow; the check is still a process of its own."""
    monkeypatch.setattr("dnnctl.commands.export.start_conversion", lambda path: (conversion.main(path), DONE)[1])


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on a table with odd names, missing values, an embedding, and a price to predict, in folds."""
    folder = tmp_path_factory.mktemp("numbers")
    data = {"source": write_table(folder), "validation": {"fold": {"k": 4, "number": 1}}}
    return dnnctl.train(write_spec(folder, data=data, model=DENSE, training=SHORT), runs_dir=folder / "runs")


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on the same table with two labels."""
    folder = tmp_path_factory.mktemp("labels")
    data = {"source": write_table(folder, labels=True), "validation": {"size": 24}}
    return dnnctl.train(write_spec(folder, data=data, model=DENSE, training=SHORT), runs_dir=folder / "runs")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on images of two classes, in mixed precision, after a pretraining."""
    folder = tmp_path_factory.mktemp("images")
    pixels = draw_pixels(60, 6, 6)
    files = {f"{'train' if n < 45 else 'test'}/{'ab'[n % 2]}|/{n:02}.png": each for n, each in enumerate(pixels)}
    source = {"kind": "images", "path": str(write_folder(folder / "data", files))}
    training = {**SHORT, "pretraining": {"kind": "autoencoder", "epochs": 1}}
    spec = write_spec(
        folder,
        data={"source": source, "validation": {"size": 12}, "scaling": "standardize"},
        training=training,
        runtime={"precision": "mixed_bfloat16"},
    )
    return dnnctl.train(spec, runs_dir=folder / "runs")


def run_card(found: Export) -> str:
    """The output of the first block of the model card, in a process without what the export must do without."""
    card = (found.path / "README.md").read_text()
    (code, *_) = re.findall(r"```python\n(.*?)\n```", card, re.DOTALL)
    assert len(code.splitlines()) <= 15
    without = FORMATS[found.facts.format].without
    poison = f"import sys; sys.modules.update(dict.fromkeys({without}))\n"
    command = [sys.executable, "-c", poison + code]
    done = subprocess.run(command, cwd=found.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_table_becomes_onnx_with_an_encoder(numbers: Run, tmp_path: Path) -> None:
    """The model card's own code predicts; the run records the export and is otherwise unchanged."""
    n_before = len(numbers.history)
    found = dnnctl.export(numbers, "onnx", tmp_path / "out")
    assert {path.name for path in found.files} == {
        "README.md", "encode.py", "encoder.json", "export.json", "model.onnx", "predict.py",
    }  # fmt: skip
    assert found.facts.relative is not None
    assert found.facts.relative < 1e-5
    assert found.facts.n_rows >= 60
    assert found.facts.changed is None
    assert re.fullmatch(r"\[\[[\d.]+\]\]", run_card(found).strip())
    run = Run(numbers.folder)
    assert run.history[-1].export == found.facts
    assert (len(run.history), run.status, run.altered) == (n_before + 1, "finished", {})
    assert json.loads((found.path / "export.json").read_text())["data"]["digest"] == run.facts.data.digest
    assert not list(tmp_path.glob(".*"))


def test_the_answers_of_predict_py_are_those_of_predict(numbers: Run, tmp_path: Path) -> None:
    """From raw columns with missing values and texts that training did not see."""
    found = dnnctl.export(numbers, "litert", tmp_path / "out")
    columns = held_out()
    expected = dnnctl.predict(numbers, columns)["prediction"]
    plain = {name: [None if each != each else each for each in values.tolist()] for name, values in columns.items()}
    (tmp_path / "rows.json").write_text(json.dumps(plain))
    code = (
        "import json, sys; from predict import predict; "
        "print(json.dumps(predict(json.load(open(sys.argv[1])))[:, 0].tolist()))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "rows.json")]
    done = subprocess.run(command, cwd=found.path, capture_output=True, text=True, check=True)
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), expected, rtol=1e-5)


def test_a_table_becomes_a_model_of_raw_columns(labels: Run, tmp_path: Path) -> None:
    """In a SavedModel, without Keras, although no Python argument can have the names of these columns."""
    found = dnnctl.export(labels, "saved_model", tmp_path / "out")
    assert found.facts.changed == 0
    assert "encode.py" not in {path.name for path in found.files}
    assert run_card(found).strip().startswith("[[")


def test_mixed_precision_is_exported_in_float32_and_quantized(images: Run, tmp_path: Path) -> None:
    """The accuracy before quantization is the recorded one, except where bfloat16 decides a row differently."""
    found = dnnctl.export(images, "litert", tmp_path / "out", quantize="int8")
    assert found.facts.limit is None
    assert found.facts.before.keys() == found.facts.after.keys() > {"accuracy", "crossentropy"}
    recorded = images.summary.measured("validation")["accuracy"]
    assert abs(found.facts.before["accuracy"] - recorded) <= 1 / 12 + 1e-6
    card = (found.path / "README.md").read_text()
    assert "The run computed in mixed_bfloat16; the export computes in float32." in card
    assert "`a\\|`" in card
    assert run_card(found).strip() in ("['a|']", "['b|']")
    exact = dnnctl.export(images, "onnx", tmp_path / "exact", weights="last")
    assert exact.facts.relative < 1e-5


def test_the_weights_are_those_of_the_run(images: Run, tmp_path: Path) -> None:
    found = dnnctl.export(images, "weights", tmp_path / "weights")
    assert "dense_1/kernel" in run_card(found)
    with np.load(found.path / "weights.npz") as file:
        model = images.model()
        np.testing.assert_array_equal(file["dense_1/kernel"], np.asarray(model.get_layer("dense_1").kernel))
        assert len(file.files) == sum(len(layer.weights) for layer in model.layers)


def break_weights(network: Any, folder: Path, quantization: Any) -> None:
    """Write a network with one weight changed by 1 %."""
    layer = network.portable.get_layer("output")
    kernel, *rest = layer.get_weights()
    kernel[0, 0] *= 1.01
    layer.set_weights([kernel, *rest])
    onnx.write(network, folder, quantization)


def test_a_broken_export_is_found_and_leaves_nothing(
    labels: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One weight differs by 1 %, or the file does not load; an earlier export is kept."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "export.json").write_text("{}")
    n_before = len(Run(labels.folder).history)
    usage = WRITERS["onnx"][1]
    for write, message in (
        (break_weights, "does not answer as the network .* was not kept"),
        (lambda _network, folder, _: (folder / "model.onnx").write_bytes(b"no"), "does not run in onnxruntime"),
    ):
        monkeypatch.setitem(WRITERS, "onnx", (write, usage))  # type: ignore[arg-type]
        with pytest.raises(ExportError, match=message):
            dnnctl.export(labels, "onnx", tmp_path / "out", force=True)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["export.json"]
    assert len(Run(labels.folder).history) == n_before


def test_only_an_earlier_export_is_replaced(numbers: Run, tmp_path: Path) -> None:
    for name in ("full", "export"):
        (tmp_path / name).mkdir()
        (tmp_path / name / ("export.json" if name == "export" else "thesis.txt")).write_text("{}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for name in ("new", "empty"):
        assert check_folder(tmp_path / name, numbers, force=False) == tmp_path / name
    assert check_folder(tmp_path / "export", numbers, force=True) == tmp_path / "export"
    for path, force, message in (
        (tmp_path / "full", False, "is not empty"),
        (tmp_path / "full", True, "It has no export, so --force does not replace it"),
        (tmp_path / "export", False, "replace the export in it with --force"),
        (tmp_path / "file", True, "is a file"),
        (numbers.path, True, "in the folder of the run"),
        (numbers.path / "export", False, "in the folder of the run"),
    ):
        with pytest.raises(UserError, match=message):
            check_folder(path, numbers, force=force)


def test_data_that_have_changed_or_moved(numbers: Run, tmp_path: Path) -> None:
    """Moved data are found with --set; other data are no proof."""
    source = Path(numbers.facts.spec["data"]["source"]["path"])
    moved = tmp_path / "moved.csv"
    source.rename(moved)
    try:
        with pytest.raises(UserError, match=re.escape(source.name)):
            dnnctl.export(numbers, "weights", tmp_path / "out")
        dnnctl.export(numbers, "weights", tmp_path / "out", overrides=[f"data.source.path={moved}"])
        lines = moved.read_text().splitlines(keepends=True)
        source.write_text("".join(lines[:-1]))
        with pytest.raises(UserError, match="have changed since it was trained"):
            dnnctl.export(numbers, "weights", tmp_path / "other")
        with pytest.raises(UserError, match="only the new place of a file"):
            dnnctl.export(numbers, "weights", tmp_path / "other", overrides=["seed=3"])
    finally:
        moved.replace(source)


def test_a_run_that_is_locked_is_exported_without_a_record(numbers: Run, tmp_path: Path) -> None:
    from dnnctl.store.writer import RunWriter

    with RunWriter.open(numbers):
        found = dnnctl.export(numbers, "weights", tmp_path / "out")
    assert "could not be recorded" in found.notes[0]
    assert (tmp_path / "out" / "README.md").is_file()
    assert replace(found.facts, path="") == replace(Run(numbers.folder).history[-1].export or found.facts, path="")
