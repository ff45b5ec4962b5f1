"""The quality of predictions: scikit-learn is the oracle of every metric, simulation that of the intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from dnnctl.compare import quality
from dnnctl.compare.quality import assess, linearized_r2, with_interval
from dnnctl.compare.scores import Predictions

DRAW = np.random.default_rng(0)


def softmax(n: int, k: int) -> Any:
    raw = np.exp(DRAW.normal(size=(n, k)))
    return (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("k", [1, 4])
def test_the_quality_of_classes_is_that_of_scikit_learn(k: int) -> None:
    """One output means two classes."""
    predicted = softmax(300, 4) if k == 4 else DRAW.random((300, 1)).astype(np.float32)
    labels = DRAW.integers(0, max(k, 2), 300).astype(np.int32)
    found = Predictions(predicted, labels, "classes", 0.5, tuple("abcd"[: max(k, 2)]))
    quality = assess(found)
    classes = found.classes
    precision, recall, f1, n = oracle.precision_recall_fscore_support(labels, classes)
    for each, *expected in zip(quality.classes, n, precision, recall, f1, strict=True):
        assert [each.n, each.precision, each.recall, each.f1] == pytest.approx(expected, abs=1e-12)
    assert np.array(quality.confusion).tolist() == oracle.confusion_matrix(labels, classes).tolist()
    assert quality.metrics["accuracy"].value == pytest.approx(oracle.accuracy_score(labels, classes), abs=1e-12)
    p = predicted.astype(np.float64)
    p = p if k == 4 else np.hstack([1 - p, p])
    p /= p.sum(axis=1, keepdims=True)
    assert quality.metrics["crossentropy"].value == pytest.approx(oracle.log_loss(labels, p), rel=1e-6)
    assert quality.ece is not None
    assert 0 <= quality.ece <= 1


def test_a_class_that_is_never_predicted_has_no_precision() -> None:
    predicted = np.array([[0.9, 0.1, 0.0]] * 3, np.float32)
    absent = assess(Predictions(predicted, np.array([0, 1, 1]), "classes", 0.5, ("a", "b", "c"))).classes
    assert [(each.precision, each.recall, each.f1) for each in absent[1:]] == [(None, 0.0, None), (None, None, None)]


def test_the_quality_of_labels_is_that_of_scikit_learn() -> None:
    predicted = DRAW.random((200, 3)).astype(np.float32)
    labels = DRAW.integers(0, 2, (200, 3)).astype(np.float32)
    quality = assess(Predictions(predicted, labels, "labels", 0.5, ("x", "y", "z")))
    precision, recall, f1, _ = oracle.precision_recall_fscore_support(labels, predicted > 0.5)
    assert [each.name for each in quality.classes] == ["x", "y", "z"]
    for each, *expected in zip(quality.classes, precision, recall, f1, strict=True):
        assert [each.precision, each.recall, each.f1] == pytest.approx(expected, abs=1e-12)
    assert quality.confusion == ()


@pytest.mark.parametrize("k", [1, 2])
def test_the_quality_of_numbers_is_that_of_scikit_learn(k: int) -> None:
    labels = DRAW.normal(50, 9, (250, k)).astype(np.float32)
    predicted = (labels + DRAW.normal(0, 5, (250, k))).astype(np.float32)
    metrics = assess(Predictions(predicted, labels, "numbers", 0.5, ())).metrics
    y, f = labels.astype(np.float64), predicted.astype(np.float64)
    expected = {
        "mae": oracle.mean_absolute_error(y, f),
        "mse": oracle.mean_squared_error(y, f),
        "rmse": oracle.mean_squared_error(y, f) ** 0.5,
        "r2": oracle.r2_score(y, f),
    }
    assert {name: each.value for name, each in metrics.items()} == pytest.approx(expected, rel=1e-12)
    for each in metrics.values():
        assert each.low < each.value < each.high


def test_a_constant_target_has_no_r2() -> None:
    predicted = np.ones((4, 1), np.float32)
    assert "r2" not in assess(Predictions(predicted, np.ones((4, 1), np.float32), "numbers", 0.5, ())).metrics


def test_the_intervals_of_r2_cover_it() -> None:
    """R² of y = x + noise is 1 / (1 + 0.5); 300 samples of 200 examples."""
    hits = 0
    for seed in range(300):
        draw = np.random.default_rng(seed)
        x = draw.normal(size=(200, 1))
        y = x + draw.normal(0, 0.5**0.5, (200, 1))
        values = linearized_r2(Predictions(x, y, "numbers", 0.5, ()))
        assert values is not None
        deviation = values.std() / 200**0.5
        hits += abs(values.mean() - 2 / 3) < 1.96 * deviation
    assert 0.90 < hits / 300 < 0.99


def test_the_interval_of_large_data_is_that_of_the_normal_distribution() -> None:
    """Fewer resamples are drawn, so that it does not take minutes."""
    values = np.random.default_rng(1).normal(3, 2, 1_000_000)
    found = with_interval(values)
    assert found.low == pytest.approx(found.value - 1.96 * 2e-3, abs=6e-4)
    assert found.high == pytest.approx(found.value + 1.96 * 2e-3, abs=6e-4)


@pytest.mark.parametrize(("most", "n_resamples"), [(4000, 400), (10, 200), (10**9, 10_000)])
def test_fewer_resamples_of_large_data_are_drawn_but_never_too_few(
    most: int, n_resamples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(quality, "MOST_DRAWS", most)
    monkeypatch.setattr(quality, "bootstrap_means", lambda _, n_resamples: asked.append(n_resamples) or np.zeros(3))
    quality.with_interval(np.zeros(10))
    assert asked == [n_resamples]
