"""`dnnctl evaluate`: its options and words; the models are tested with the commands."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from command_line import call
from dnnctl.commands.evaluate import Evaluation
from dnnctl.compare.quality import ClassQuality, Interval, Quality
from dnnctl.store.record import RunRecord

SAMPLES: Any = SimpleNamespace(deviation=np.full((4, 3), 0.05))


@pytest.fixture
def trained(runs: list[RunRecord], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Runs with models, and the calls of the functions that would load them."""
    calls: list[dict[str, Any]] = []
    for run in runs:
        run.folder.model.write_bytes(b"model")

    def evaluate(run: RunRecord, role: str | None, **options: Any) -> Evaluation:
        calls.append({"run": run.id, "role": role, **options})
        samples = SAMPLES if options["mc_samples"] else None
        return Evaluation(4, {"loss": 0.5, "accuracy": 0.9}, role or "test", samples, 0.91, 0.7)

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
    assert "predictive entropy, averaged over examples: 0.7000 nats" in output


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


QUALITY = Quality(
    {"accuracy": Interval(0.9, 0.8, 0.95), "crossentropy": Interval(0.3, 0.2, 0.4)},
    (ClassQuality("cat", 3, 1.0, 0.5), ClassQuality("dog with a very long name", 1, None, 0.0)),
    ((2, 1), (0, 1)),
    0.05,
)


def test_new_examples_are_measured_beside_the_trivial_prediction(
    runs: list[RunRecord], trained: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Evaluation(4, {"accuracy": 0.9}, quality=QUALITY, baseline={"accuracy": 0.4}, notes=("odd rows",))
    monkeypatch.setattr("dnnctl.commands.evaluate.evaluate", lambda *_, **options: trained.append(options) or found)
    done = call("evaluate", runs[0].id, "--data", "new.csv")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.stdout.splitlines()[0].endswith("best weights, 4 examples of new.csv")
    assert ["accuracy", "0.9000", "0.8000", "0.9500", "0.4000"] in lines
    assert ["crossentropy", "0.3000", "0.2000", "0.4000", "—"] in lines
    assert ["cat", "3", "1.0000", "0.5000", "0.6667"] in lines
    assert ["cat", "2", "1"] in lines
    assert "dog with a very…" in done.stdout
    assert "odd rows" in done.stderr
    facts = json.loads(call("evaluate", runs[0].id, "--data", "new.csv", "--json").stdout)
    assert facts["intervals"]["accuracy"] == [0.8, 0.95]
    assert facts["classes"][0] == {"name": "cat", "n": 3, "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)}
    assert (facts["confusion"], facts["ece"], facts["baseline"]) == ([[2, 1], [0, 1]], 0.05, {"accuracy": 0.4})
    assert str(trained[0]["data"]) == "new.csv"


def test_new_examples_are_no_split(trained: list[dict[str, Any]]) -> None:
    done = call("evaluate", "good", "--data", "new.csv", "--set", "data.source.path=x")
    assert (done.exit_code, "cannot be combined" in done.stderr, trained) == (2, True, [])
    done = call("evaluate", "good", "--on", "tests")
    assert (done.exit_code, "must be one of test, validation, train" in done.stderr, trained) == (2, True, [])
