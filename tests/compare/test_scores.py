"""Predictions on disk: scored, or refused where they cannot be what training writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.compare.scores import read_predictions, score
from stored import store_run

RIGHT = np.arange(40) % 4 > 0
PROBABILITIES = np.full((40, 3), 1 / 3, np.float32)
LABELS = np.arange(40) % 3


def test_scores_average_to_the_metrics(tmp_path: Path) -> None:
    found = score(store_run(tmp_path, right=RIGHT), "test")
    assert found is not None
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
    run = store_run(tmp_path, right=RIGHT)
    np.savez(run.folder.predictions, test_predictions=predictions, test_labels=labels)
    assert read_predictions(run, "test") is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04"])
def test_a_damaged_file_is_no_predictions(content: bytes, tmp_path: Path) -> None:
    run = store_run(tmp_path, right=RIGHT)
    run.folder.predictions.write_bytes(content)
    assert read_predictions(run, "test") is None
