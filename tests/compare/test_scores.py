"""Predictions on disk: scored, or refused where they cannot be what training writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnnctl.compare.scores import SCORES, NoPredictions, Predictions, Scores, read_predictions, score, threshold
from dnnctl.store.facts import Summary
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored import store_run

RIGHT = np.arange(40) % 4 > 0
PROBABILITIES = np.full((40, 3), 1 / 3, np.float32)
LABELS = np.arange(40) % 3


def test_scores_average_to_the_metrics(tmp_path: Path) -> None:
    found = score(store_run(tmp_path, right=RIGHT), "test")
    assert isinstance(found, Scores)
    assert (found.n, found.values["accuracy"].mean()) == (40, RIGHT.mean())
    expected = -(30 * np.log(0.8) + 10 * np.log(0.1)) / 40
    assert found.values["crossentropy"].mean() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("predictions", "labels"),
    [
        (PROBABILITIES, LABELS[:30]),
        (PROBABILITIES, LABELS - 1),
        (PROBABILITIES, LABELS + 1),
        (PROBABILITIES, LABELS.astype(str)),
        (PROBABILITIES.astype(str), LABELS),
        (PROBABILITIES, np.stack([LABELS, LABELS], axis=1)),
        (PROBABILITIES[:0], LABELS[:0]),
        (np.float32(3), np.int64(1)),
    ],
)
def test_arrays_that_do_not_belong_together_are_no_predictions(
    predictions: np.ndarray, labels: np.ndarray, tmp_path: Path
) -> None:
    run = store_run(tmp_path)
    np.savez(run.folder.predictions, test_predictions=predictions, test_labels=labels)
    found = read_predictions(run, "test")
    assert isinstance(found, NoPredictions)
    assert (found.reason, found.is_fault) == (
        "has damaged predictions (predictions.npz: its arrays do not match)",
        True,
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04"])
def test_a_damaged_file_is_damaged_and_not_missing(content: bytes, tmp_path: Path) -> None:
    run = store_run(tmp_path)
    assert read_predictions(run, "test") == NoPredictions("has no predictions on test data", is_fault=False)
    run.folder.predictions.write_bytes(content)
    found = read_predictions(run, "test")
    assert isinstance(found, NoPredictions)
    assert found.reason.startswith("has damaged predictions (predictions.npz: ")


def test_predictions_that_unpack_to_far_more_than_their_size_are_not_unpacked(tmp_path: Path) -> None:
    """The oracle is the header: an array of zeros of 100 MB in 100 kB."""
    run = store_run(tmp_path)
    zeros = np.zeros((1_000_000, 25), np.float32)
    np.savez_compressed(run.folder.predictions, test_predictions=zeros, test_labels=np.zeros(1_000_000, np.int64))
    found = read_predictions(run, "test")
    assert isinstance(found, NoPredictions)
    assert "would unpack from" in found.reason


@pytest.mark.parametrize("name", ["predictions.npz", "summary.json", "run.json"])
def test_predictions_of_an_altered_run_are_not_scored(name: str, tmp_path: Path) -> None:
    run = store_run(tmp_path, right=RIGHT)
    assert isinstance(score(run, "test"), Scores)
    if name == "predictions.npz":
        store_run(tmp_path / "other", right=~RIGHT).folder.predictions.replace(run.folder.predictions)
    else:
        (run.path / name).write_text((run.path / name).read_text().replace("99", "98"))
    found = score(RunRecord(run.folder), "test")
    assert isinstance(found, NoPredictions)
    assert "altered since training" in found.reason


def with_summary(run: RunRecord, summary: Summary) -> RunRecord:
    with RunWriter.open(run) as writer:
        writer.write_summary(summary)
        return writer.read()


def test_labels_are_scored_one_by_one_and_together(tmp_path: Path) -> None:
    """Accuracy and crossentropy are means over all labels, as in Keras; an exact match needs all of them."""
    draw = np.random.default_rng(4)
    labels = draw.integers(0, 2, (40, 3)).astype(np.float32)
    p = draw.uniform(0.01, 0.99, (40, 3)).astype(np.float32)
    run = store_run(tmp_path, right=RIGHT)
    assert run.summary is not None
    np.savez(run.folder.predictions, test_predictions=p, test_labels=labels)
    found = score(with_summary(run, replace(run.summary, task="labels", loss="binary_crossentropy")), "test")
    assert isinstance(found, Scores)
    is_right = (p > 0.5) == (labels == 1)
    assert found.values["accuracy"].tolist() == [sum(row) / 3 for row in is_right.tolist()]
    assert found.values["exact_match"].tolist() == [float(all(row)) for row in is_right.tolist()]
    expected = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean()
    assert found.values["crossentropy"].mean() == pytest.approx(expected, rel=1e-5)


def test_a_hinge_of_labels_has_its_threshold_at_zero(tmp_path: Path) -> None:
    run = store_run(tmp_path, right=RIGHT)
    assert run.summary is not None
    predictions, labels = np.array([[0.2, -0.2]], np.float32), np.array([[1, 0]], np.float32)
    np.savez(run.folder.predictions, test_predictions=predictions, test_labels=labels)
    found = score(with_summary(run, replace(run.summary, task="labels", loss="hinge")), "test")
    assert isinstance(found, Scores)
    assert {name: values.tolist() for name, values in found.values.items()} == {"accuracy": [1.0], "exact_match": [1.0]}


@pytest.mark.parametrize("task", ["classes", "labels"])
def test_margins_from_0_to_1_are_no_probabilities(task: str) -> None:
    """The tanh of a network that is sure of everything has such values."""
    predicted, labels = np.array([[0.2], [0.9]], np.float32), np.array([1, 0])
    found = Predictions(predicted, labels, task, 0.0, ())
    assert "crossentropy" in SCORES[task](replace(found, threshold=0.5))
    assert "crossentropy" not in SCORES[task](found)
    assert SCORES[task](found)["accuracy"].tolist() == [1.0, 0.0]
    assert found.probabilities is None


def test_the_threshold_of_an_unfinished_run_is_that_of_its_spec(tmp_path: Path) -> None:
    for number, loss in enumerate(("hinge", {"kind": "squared_hinge"}, "auto")):
        run = store_run(tmp_path, f"run-{number}", loss=loss)
        run.folder.summary.unlink()
        assert threshold(RunRecord(run.folder)) == (0.5 if loss == "auto" else 0.0)
