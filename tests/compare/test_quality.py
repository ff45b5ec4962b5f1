"""The quality of predictions: scikit-learn is the oracle of every metric, simulation that of the intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sklearn import metrics as oracle
from sklearn.calibration import calibration_curve

from dnnctl.compare import quality
from dnnctl.compare.quality import assess, linearized_r2, trivial_scores, with_interval
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


def test_the_probabilities_of_two_classes_are_ranked_as_by_scikit_learn() -> None:
    """One output, or two; with equal scores."""
    p, labels = DRAW.random(301).round(2), DRAW.integers(0, 2, 301)
    expected = oracle.roc_auc_score(labels, p), oracle.average_precision_score(labels, p)
    for predicted in (p[:, None], np.stack([1 - p, p], axis=1)):
        found = assess(Predictions(predicted, labels, "classes", 0.5, ("a", "b"))).metrics
        assert (found["roc_auc"].value, found["pr_auc"].value) == pytest.approx(expected, abs=1e-12)
    several = assess(Predictions(softmax(60, 3), DRAW.integers(0, 3, 60), "classes", 0.5, ("a", "b", "c")))
    assert "roc_auc" not in several.metrics


def test_labels_are_ranked_and_calibrated_as_by_scikit_learn() -> None:
    """The metrics are means over the labels that some examples have and some do not."""
    p, labels = DRAW.random((200, 3)), DRAW.integers(0, 2, (200, 3)).astype(np.float32)
    labels[:, 2] = 0
    found = assess(Predictions(p, labels, "labels", 0.5, ("x", "y", "z")))
    for name, score in (("roc_auc", oracle.roc_auc_score), ("pr_auc", oracle.average_precision_score)):
        assert found.metrics[name].value == pytest.approx(score(labels[:, :2], p[:, :2]), abs=1e-12)
        for k in (0, 1):
            area = getattr(found.classes[k].ranking, name)
            assert area.value == pytest.approx(score(labels[:, k], p[:, k]), abs=1e-12)
            assert area.low < area.value < area.high
    assert found.classes[2].ranking is None
    for k, each in enumerate(found.classes):
        assert each.ece == pytest.approx(expected_calibration_error(labels[:, k], p[:, k]), abs=1e-12)


def expected_calibration_error(is_right: Any, confidence: Any) -> float:
    """From the calibration curve of scikit-learn, which leaves out empty bins."""
    true, predicted = calibration_curve(is_right, confidence, n_bins=10)
    counts = np.histogram(confidence, bins=10, range=(0, 1))[0]
    return float((counts[counts > 0] * np.abs(true - predicted)).sum() / len(confidence))


def test_the_calibration_error_and_crossentropy_of_classes_are_those_of_scikit_learn() -> None:
    p, labels = DRAW.dirichlet(np.ones(4), 300), DRAW.integers(0, 4, 300)
    found = assess(Predictions(p, labels, "classes", 0.5, ()))
    expected = expected_calibration_error(p.argmax(axis=1) == labels, p.max(axis=1))
    assert found.ece == pytest.approx(expected, abs=1e-12)
    assert found.metrics["crossentropy"].value == pytest.approx(oracle.log_loss(labels, p), rel=1e-12)


def test_the_threshold_comes_from_other_examples() -> None:
    """No other threshold has a higher F1 there; its quality is measured here."""
    p, labels = DRAW.random((300, 2)).round(2), DRAW.integers(0, 2, (300, 2))
    here, there = slice(0, 150), slice(150, 300)
    names = ("x", "y")
    other = Predictions(p[there], labels[there], "labels", 0.5, names)
    tuned = assess(Predictions(p[here], labels[here], "labels", 0.5, names), other).tuned
    assert [each.name for each in tuned] == ["x", "y"]
    for k, each in enumerate(tuned):
        all_f1 = [oracle.f1_score(labels[there, k], p[there, k] > t) for t in np.linspace(-0.005, 0.995, 101)]
        assert each.f1_there == pytest.approx(max(all_f1), abs=1e-12)
        assert each.f1_there == pytest.approx(
            oracle.f1_score(labels[there, k], p[there, k] > each.threshold), abs=1e-12
        )
        said = p[here, k] > each.threshold
        scores = oracle.accuracy_score, oracle.precision_score, oracle.recall_score, oracle.f1_score
        expected = [score(labels[here, k], said) for score in scores]
        assert [each.accuracy, each.precision, each.recall, each.f1] == pytest.approx(expected, abs=1e-12)


def test_two_classes_have_one_threshold_and_several_have_none() -> None:
    p, labels = DRAW.random((40, 1)), DRAW.integers(0, 2, 40)
    two = Predictions(p, labels, "classes", 0.5, ("no", "yes"))
    assert [each.name for each in assess(two, two).tuned] == ["yes"]
    assert assess(two).tuned == ()
    three = Predictions(softmax(40, 3), labels, "classes", 0.5, ("a", "b", "c"))
    assert assess(three, three).tuned == ()
    without = replace(two, labels=np.zeros(40, np.int64))
    assert assess(two, without).tuned == ()
    assert assess(without, two).tuned[0].recall is None


def test_trivial_scores_rank_nothing() -> None:
    """Those of scikit-learn for a constant score, and for the mean of the training split."""
    labels = DRAW.integers(0, 2, (100, 2))
    found = Predictions(DRAW.random((100, 2)), labels, "labels", 0.5, ())
    same = np.zeros((100, 2))
    assert trivial_scores(found, np.zeros(2)) == pytest.approx(
        {"roc_auc": oracle.roc_auc_score(labels, same), "pr_auc": oracle.average_precision_score(labels, same)}
    )
    y = DRAW.normal(3, 1, (50, 1))
    r2 = trivial_scores(Predictions(y + 1, y, "numbers", 0.5, ()), np.array([2.5]))["r2"]
    assert r2 == pytest.approx(oracle.r2_score(y, np.full((50, 1), 2.5)), abs=1e-12)


def test_each_number_has_its_own_quality() -> None:
    y = DRAW.normal(50, 9, (250, 2))
    f = y + DRAW.normal(1, 5, (250, 2))
    found = assess(Predictions(f, y, "numbers", 0.5, ("size",))).numbers
    assert [each.name for each in found] == ["size", "1"]
    for k, each in enumerate(found):
        assert each.mae == pytest.approx(oracle.mean_absolute_error(y[:, k], f[:, k]), rel=1e-12)
        assert each.rmse == pytest.approx(oracle.root_mean_squared_error(y[:, k], f[:, k]), rel=1e-12)
        assert each.r2 == pytest.approx(oracle.r2_score(y[:, k], f[:, k]), rel=1e-12)
        assert each.mean == pytest.approx((y[:, k] - f[:, k]).mean(), rel=1e-12)
        assert list(each.quantiles) == [0.05, 0.25, 0.5, 0.75, 0.95]
        expected = np.percentile(y[:, k] - f[:, k], [5, 25, 50, 75, 95])
        assert list(each.quantiles.values()) == pytest.approx(expected.tolist(), rel=1e-12)


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


def test_the_intervals_of_a_simulation_cover_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 samples of 150 examples, half of them with scores that are higher by 1: the ROC-AUC is Φ(1 / √2), the
    accuracy of the best threshold Φ(1/2). The average precision is that of a very large sample."""
    monkeypatch.setattr("dnnctl.compare.ranking_quality.N_RESAMPLES", 200)
    monkeypatch.setattr(quality, "N_RESAMPLES", 500)
    large = np.random.default_rng(1).normal(size=200_000) + np.repeat([0, 1], 100_000)
    truth = {
        "roc_auc": norm.cdf(0.5**0.5),
        "accuracy": norm.cdf(0.5),
        "pr_auc": oracle.average_precision_score(np.repeat([0, 1], 100_000), large),
    }
    hits = dict.fromkeys(truth, 0)
    for seed in range(200):
        draw = np.random.default_rng(seed)
        labels = np.repeat([0, 1], 75)
        scores = draw.normal(size=150) + labels
        found = assess(Predictions(scores[:, None], labels, "classes", 0.5, ("a", "b"))).metrics
        for name, true in truth.items():
            hits[name] += found[name].low <= true <= found[name].high
    assert all(0.90 < n / 200 < 0.995 for n in hits.values()), hits


def test_the_interval_of_an_accuracy_ends_at_1() -> None:
    """The mean of 0 and 1 is not rounded beyond them, even of few examples."""
    for n in (5, 30, 59, 200):
        found = with_interval(np.append(np.ones(n - 1), 0.0))
        assert found.high == 1.0
        assert found.low * n == pytest.approx(round(found.low * n), abs=1e-9)


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
