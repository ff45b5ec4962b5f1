"""The benchmarks run: their measured code is not called by any other test."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import checkpoints, epochs, images, learning_rates, own_data, plans, predictions, sweeps
from benchmarks.nets import dense, make_spec
from dnnctl.search.proposals import Search
from dnnctl.store.trials import TrialState, read_trials


def test_epochs_prints_a_line_with_both_ratios(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(epochs, "NETS", {"tiny": make_spec(dense(4))})
    monkeypatch.setattr(epochs, "TARGETS", {"tiny": (5.0, 2.0)})
    epochs.main(n_images=80, n_epochs=1)
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("tiny")
    assert (line.count("(target 5.0x)"), line.count("(target 2.0x)")) == (1, 1)


def test_checkpoints_prints_a_line_for_each_net(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(checkpoints, "NETS", {"tiny": (dense(4), 2)})
    checkpoints.main()
    assert capsys.readouterr().out.splitlines()[-1].startswith("tiny")


def test_images_prints_a_line_for_each_side(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    root = images.write_images(tmp_path / "images", 200)
    measured = {
        "Keras": images.train_with_keras(root),
        "streamed": images.train_with_dnnctl(root, ["data.in_memory=false"]),
    }
    images.print_table(200, {side: [(2.0, *found)] for side, found in measured.items()})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == list(measured)
    assert lines[1].endswith("1.00x")


def test_learning_rates_prints_a_row_for_each_rule_and_schedule(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(learning_rates, "NETS", {"tiny": ("selu", ["data.limit=320", "runtime.compile=graph"])})
    monkeypatch.setattr(learning_rates, "OPTIMIZERS", {"{kind: sgd, momentum: 0.9}": np.array([1e-3, 1e-2])})
    monkeypatch.setattr(learning_rates, "SEEDS", (1,))
    monkeypatch.setattr(learning_rates, "EPOCHS", 2)
    learning_rates.main()
    lines = capsys.readouterr().out.splitlines()
    for rule in learning_rates.RULES:
        assert sum(line.startswith(f"| {rule} |") for line in lines) == 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_own_data_prints_a_row_for_each_data_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    iris = own_data.problems()[0]
    monkeypatch.setattr(own_data, "problems", lambda: [iris])
    monkeypatch.setattr(own_data, "GRID", {"hidden_layer_sizes": [(8,)], "alpha": [0.1]})
    monkeypatch.setattr(own_data, "SEEDS", range(2))
    monkeypatch.setattr(sys, "argv", ["own_data", str(tmp_path)])
    own_data.main()
    assert capsys.readouterr().out.splitlines()[-1].startswith("| iris | 150 | accuracy | ")


def test_predictions_of_both_sides_are_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They do the same work: the written files have the same numbers."""
    monkeypatch.setattr(predictions, "TRAINING_ROWS", 40)
    predictions.prepare(tmp_path, 300)
    written = []
    for side in ("dnnctl", "64"):
        found = predictions.measure(side, tmp_path)
        assert found.keys() - {"predict"} == {"whole", "memory"}
        written.append(np.loadtxt(tmp_path / predictions.OUT, delimiter=",", skiprows=1))
    np.testing.assert_allclose(written[0], written[1], rtol=1e-6)


def test_predictions_prints_a_row_for_each_side(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(predictions, "prepare", lambda *_: None)
    monkeypatch.setattr(predictions, "_measure", lambda *_: {"whole": 2.0, "predict": 1.0, "memory": 900.0})
    predictions.main(10)
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert lines[0] == "| dnnctl predict | | 2.0 s | 900 MB |"
    assert lines[1].startswith("| keras.Model.predict, batch_size=32 (default) | 1.0 s | 2.0 s |")


def test_the_stored_trials_of_sweeps_are_those_of_a_sweep(tmp_path: Path) -> None:
    loaded = sweeps.store_trials(tmp_path, 12)
    trials = read_trials(tmp_path, loaded.sweep.name)
    assert [trial.state for trial in trials] == [TrialState.FINISHED] * 12
    proposal = Search.of(loaded).propose(trials)
    assert proposal is not None
    assert (proposal.number, proposal.based_on) == (13, "1-12")


def test_plans_prints_what_is_expected_and_what_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(plans, "has_data", lambda spec: spec.stem == "here")
    monkeypatch.setattr(plans, "expect", lambda _: 2.0)
    monkeypatch.setattr(plans, "measure", lambda _: 3.0)
    plans.main([tmp_path / "here.yaml", tmp_path / "away.yaml"])
    assert [line.split() for line in capsys.readouterr().out.splitlines()[-2:]] == [
        ["here", "2.0", "3.0", "1.50"],
        ["away", "its", "data", "are", "not", "on", "this", "computer"],
    ]
