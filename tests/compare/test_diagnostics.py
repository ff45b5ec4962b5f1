"""Confusion, calibration and mistakes, against counting by hand."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from dnnctl.compare.diagnostics import Bin, by_label, calibration, calibration_error, confusion, surest_mistakes
from dnnctl.compare.scores import Predictions


@pytest.fixture
def found() -> Predictions:
    draw = np.random.default_rng(0)
    probabilities = draw.dirichlet(np.ones(4), 300)
    return Predictions(probabilities, draw.integers(0, 4, 300), "classes", 0.5, ())


def test_confusion_counts_every_pair(found: Predictions) -> None:
    counts = confusion(found)
    for label, predicted in product(range(4), repeat=2):
        pairs = zip(found.labels, found.predicted.argmax(axis=1), strict=True)
        assert counts[label, predicted] == sum(pair == (label, predicted) for pair in pairs)


def test_calibration_is_accuracy_by_confidence(found: Predictions) -> None:
    bins = calibration(found)
    assert sum(each.n for each in bins) == 300
    inside = [row for row in range(300) if 0.5 <= found.predicted[row].max() < 0.6]
    (tenth,) = (each for each in bins if 0.5 <= each.confidence < 0.6)
    right = [found.predicted[row].argmax() == found.labels[row] for row in inside]
    assert (tenth.n, tenth.accuracy) == (len(inside), pytest.approx(np.mean(right)))
    expected = sum(each.n / 300 * abs(each.accuracy - each.confidence) for each in bins)
    assert calibration_error(bins) == pytest.approx(expected)


def test_mistakes_come_in_order_of_confidence(found: Predictions) -> None:
    mistakes = surest_mistakes(found, 10)
    assert len(mistakes) == 10
    wrong = sorted(
        (row.max() for row, label in zip(found.predicted, found.labels, strict=True) if row.argmax() != label),
        reverse=True,
    )
    assert [each.confidence for each in mistakes] == pytest.approx(wrong[:10])
    assert all(each.label != each.predicted for each in mistakes)


def test_a_single_column_means_two_classes() -> None:
    found = Predictions(np.array([[0.9], [0.2], [0.6]]), np.array([1, 1, 0]), "classes", 0.5, ())
    assert list(found.classes) == [1, 0, 1]
    np.testing.assert_allclose(found.probabilities, [[0.1, 0.9], [0.8, 0.2], [0.4, 0.6]])


def test_each_label_has_its_own_quality() -> None:
    """Counted one example after the other; a label that is never predicted has no precision."""
    draw = np.random.default_rng(1)
    p, labels = draw.uniform(0, 1, (80, 2)), draw.integers(0, 2, (80, 3)).astype(np.float32)
    p = np.hstack([p, np.full((80, 1), 0.1)])
    qualities = by_label(Predictions(p, labels, "labels", 0.5, ("new", "large")))
    assert [each.name for each in qualities] == ["new", "large", "2"]
    for k, each in enumerate(qualities):
        pairs = list(zip(labels[:, k] == 1, p[:, k] > 0.5, strict=True))
        hits = pairs.count((True, True))
        assert each.n == sum(has for has, _ in pairs)
        assert each.accuracy == (hits + pairs.count((False, False))) / 80
        assert each.recall == hits / each.n
        n_said = sum(said for _, said in pairs)
        assert each.precision == (hits / n_said if n_said else None)
    assert qualities[2].precision is None


def test_a_confidence_of_1_is_in_the_last_bin() -> None:
    found = Predictions(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1]), "classes", 0.5, ())
    assert calibration(found) == [Bin(1.0, 0.5, 2)]
