"""`dnnctl evaluate`: its options and words; the models are tested with the commands."""

from __future__ import annotations

import json
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

    monkeypatch.setattr("dnnctl.commands.evaluate.evaluate", evaluate)
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
