"""Pruning sets the smallest weights to zero, in a new run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from dnnctl.commands.evaluate import evaluate
from dnnctl.commands.predictor import load_predictor
from dnnctl.commands.prune import prune
from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.errors import RunError, UserError
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.writer import RunWriter
from sample_specs import write_spec
from sample_tables import held_out, write_table

NET = {
    "defaults": {"activation": "prelu", "normalization": "batch"},
    "layers": [{"kind": "conv2d", "filters": 3}, "flatten", {"kind": "dense", "units": 8}],
}
KERNELS = ("conv2d_1", "dense_1", "output")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    folder = tmp_path_factory.mktemp("dense")
    return train(write_spec(folder, model=NET), runs_dir=folder / "runs")


def kernels(run: RunRecord) -> np.ndarray:
    model = run.model()
    return np.concatenate([np.asarray(model.get_layer(name).kernel).ravel() for name in KERNELS])


@pytest.mark.parametrize("fraction", [0.25, 0.8, 0.99])
def test_the_smallest_weights_are_zero_and_no_others(fraction: float, run: RunRecord, tmp_path: Path) -> None:
    """Compared with NumPy's sort over all kernels; biases, slopes and statistics do not change."""
    pruned, pruning = prune(run.path, sparsity=fraction, runs_dir=tmp_path)
    before, after = kernels(run), kernels(pruned)
    order = np.argsort(np.abs(before))
    n = round(fraction * len(before))
    assert (after[order[:n]] == 0).all()
    np.testing.assert_array_equal(after[order[n:]], before[order[n:]])
    assert pruning.sparsity == n / len(before)
    for layer in run.model().layers:
        others = [w for w in layer.weights if w is not getattr(layer, "kernel", None)]
        theirs = [w for w in pruned.model().get_layer(layer.name).weights if w.name != "kernel"]
        assert all(np.array_equal(a, b) for a, b in zip(others, theirs, strict=True))


def test_a_threshold_is_a_magnitude(run: RunRecord, tmp_path: Path) -> None:
    pruned, pruning = prune(run.path, threshold=0.1, runs_dir=tmp_path)
    before = kernels(run)
    np.testing.assert_array_equal(kernels(pruned), np.where(np.abs(before) < 0.1, 0, before))
    assert [layer.name for layer in pruning.layers] == list(KERNELS)
    assert sum(layer.zeros for layer in pruning.layers) == np.sum(np.abs(before) < 0.1)


def test_metrics_before_and_after_are_those_of_evaluate(run: RunRecord, tmp_path: Path) -> None:
    pruned, pruning = prune(run.path, sparsity=0.9, runs_dir=tmp_path)
    for role in ("validation", "test"):
        assert pruning.before[role] == pytest.approx(evaluate(run, role).metrics)
        assert pruning.after[role] == pytest.approx(evaluate(pruned, role).metrics) == pruned.summary.measured(role)
    labels = np.load(pruned.folder.predictions)["test_labels"]
    guesses = np.load(pruned.folder.predictions)["test_predictions"].argmax(axis=1)
    assert pruned.summary.test["accuracy"] == pytest.approx(np.mean(guesses == labels))


def test_the_original_is_unchanged_and_the_new_run_is_complete(run: RunRecord, tmp_path: Path) -> None:
    def digests() -> list[str]:
        files = sorted(file for file in run.path.rglob("*") if file.is_file())
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    before = digests()
    pruned, _ = prune(run.path, sparsity=0.5, name="thin", runs_dir=tmp_path)
    assert digests() == before
    assert (pruned.name, pruned.status, pruned.facts.pruned.run) == ("thin", Status.FINISHED, run.id)
    assert resume(pruned.path).id == pruned.id


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({}, "Give --threshold"),
        ({"threshold": 0.1, "sparsity": 0.5}, "cannot be used together"),
        ({"sparsity": 1.0}, "between 0 and 1"),
        ({"threshold": -1.0}, "greater than 0"),
        ({"threshold": float("nan")}, "greater than 0"),
    ],
)
def test_invalid_choices_are_refused(choice: dict[str, float], message: str, run: RunRecord, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        prune(run.path, **choice, runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_pruning_leaves_no_run(run: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(RunWriter, "write_predictions", fail)
    with pytest.raises(OSError, match="no space"):
        prune(run.path, sparsity=0.5, runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_pruning_is_not_resumed_as_a_training(run: RunRecord, tmp_path: Path) -> None:
    """Its folder holds a spec, but it is not a training of that spec."""
    pruned, _ = prune(run.path, sparsity=0.5, runs_dir=tmp_path)
    pruned.folder.summary.unlink()
    pruned.folder.history.write_text(pruned.folder.history.read_text().splitlines(keepends=True)[0])
    with pytest.raises(RunError, match=f"is an incomplete pruned run.*prune {run.id} again"):
        resume(pruned.path)


def test_the_run_of_a_table_is_pruned_with_its_front(tmp_path: Path) -> None:
    """The kernels of its layers, not its embeddings; the new model takes raw columns, too."""
    data = {"source": write_table(tmp_path), "validation": {"size": 24}}
    original = train(
        write_spec(tmp_path, data=data, model={"layers": [{"kind": "dense", "units": 8}]}), runs_dir=tmp_path
    )
    pruned, facts = prune(original.path, sparsity=0.5)
    assert [layer.name for layer in facts.layers] == ["dense_1", "output"]
    assert pruned.folder.encoding.read_bytes() == original.folder.encoding.read_bytes()
    with np.load(pruned.folder.predictions) as file:
        recorded = file["test_predictions"]
    predicted = load_predictor(pruned, "best").answer(held_out()).predictions
    assert np.array_equal(predicted, recorded)
