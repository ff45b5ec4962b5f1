"""`dnnctl evaluate` and `dnnctl predict`: their files, options and words; the models are tested with the commands."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from command_line import call
from dnnctl.commands.evaluate import Evaluation
from dnnctl.store.record import RunRecord

SAMPLES: Any = SimpleNamespace(deviation=np.full((4, 3), 0.05), entropy=np.full(4, 0.7))


@pytest.fixture
def trained(runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Runs with models, and the calls of the functions that would load them."""
    calls: list[dict[str, Any]] = []
    for run in runs:
        run.folder.model.write_bytes(b"model")

    def evaluate(run: RunRecord, role: str, **options: Any) -> Evaluation:
        calls.append({"run": run.id, "role": role, **options})
        return Evaluation(4, {"loss": 0.5, "accuracy": 0.9}, SAMPLES if options["mc_samples"] else None, 0.91)

    def predict(run: RunRecord, inputs: np.ndarray, **options: Any) -> dict[str, np.ndarray]:
        calls.append({"run": run.id, **options})
        return {"predictions": inputs}

    monkeypatch.setattr("dnnctl.commands.evaluate.evaluate", evaluate)
    monkeypatch.setattr("dnnctl.commands.evaluate.predict", predict)
    return calls


def test_evaluate_takes_the_best_weights_or_the_last(trained: list[dict[str, Any]]) -> None:
    assert "best weights, 4 test examples: loss 0.5000  accuracy 0.9000" in call("evaluate", "good").output
    assert json.loads(call("evaluate", "good", "--weights", "last", "--json").stdout)["weights"] == "last"
    assert [each["weights"] for each in trained] == ["best", "last"]
    done = call("evaluate", "good", "--weights", "first")
    assert (done.exit_code, "--weights: must be one of best, last. Received: first." in done.stderr) == (2, True)


@pytest.mark.usefixtures("trained")
def test_the_deviation_of_mc_dropout_is_not_that_of_the_accuracy() -> None:
    output = call("evaluate", "good", "--mc-samples", "20").output
    assert "accuracy of the mean prediction: 0.9100" in output
    assert "standard deviation of the predicted probabilities over the passes, averaged over examples: 0.0500" in output


def test_predictions_replace_no_file_unless_forced(trained: list[dict[str, Any]], tmp_path: Path) -> None:
    inputs, output = tmp_path / "x.npy", tmp_path / "y.npz"
    np.save(inputs, np.arange(6.0).reshape(2, 3))
    assert call("predict", "good", inputs, "-o", output, "--weights", "last").exit_code == 0
    before = output.read_bytes()
    done = call("predict", "good", inputs, "-o", output)
    assert (done.exit_code, "--force" in done.stderr, output.read_bytes() == before) == (2, True, True)
    assert call("predict", "good", inputs, "-o", output, "--force").exit_code == 0
    assert [each["weights"] for each in trained] == ["last", "best"]
    np.testing.assert_array_equal(np.load(output)["predictions"], np.load(inputs))


@pytest.mark.parametrize(
    ("name", "content", "output", "message"),
    [
        ("x.png", b"\x89PNG\r\n", "y.npz", "must be a .npy file, or an .npz file with one array"),
        ("x.npy", b"\x89PNG\r\n", "y.npz", "must be a .npy or .npz file that contains numbers"),
        ("x.npz", b"PK\x03\x04 no archive", "y.npz", "must be a .npy or .npz file that contains numbers"),
        ("x.npy", b"", "y.npz", "must be a .npy or .npz file that contains numbers"),
        ("x.npy", None, "y.npz", "No such file"),
        ("x.npy", b"", "y.csv", "can only be written as .npz"),
        ("x.npy", b"", "y", "can only be written as .npz"),
    ],
)
def test_files_that_are_not_supported_are_a_clear_error(
    name: str, content: bytes | None, output: str, message: str, trained: list[dict[str, Any]], tmp_path: Path
) -> None:
    """What can be used is named; pickle, which never can, is not."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = call("predict", "good", tmp_path / name, "-o", tmp_path / output)
    assert (done.exit_code, message in done.stderr) == (2, True), done.output
    assert "pickle" not in done.output
    assert not (tmp_path / output).exists()
    assert trained == []


@pytest.mark.usefixtures("trained")
def test_objects_in_an_input_are_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{"any": "object"}], dtype=object), allow_pickle=True)
    done = call("predict", "good", tmp_path / "x.npy", "-o", tmp_path / "y.npz")
    assert (done.exit_code, "contains numbers" in done.stderr, "pickle" in done.output) == (2, True, False)


def test_an_altered_run_is_evaluated_with_both_figures(
    runs: list[RunRecord], trained: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Evaluation(4, {"accuracy": 0.325}, altered=("model.keras",), recorded={"accuracy": 1.0})
    monkeypatch.setattr("dnnctl.commands.evaluate.evaluate", lambda *_, **options: trained.append(options) or found)
    output = call("evaluate", runs[0].id, "--accept-altered").output
    for part in ("accuracy 0.3250", "altered since training: model.keras", "recorded in training: accuracy 1.0000"):
        assert part in output
    marks = json.loads(call("evaluate", runs[0].id, "--accept-altered", "--json").stdout)
    assert (marks["altered"], marks["recorded"]) == (["model.keras"], {"accuracy": 1.0})
    assert [options["accept_altered"] for options in trained] == [True, True]
