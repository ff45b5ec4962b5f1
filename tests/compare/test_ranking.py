"""Rankings, compared with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from dnnctl.compare.ranking import rank

CASES = [(n, levels, seed) for n in (2, 7, 50) for levels in (2, 5, 10**9) for seed in range(2)]


def sample(n: int, levels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels, of which there are both, and scores with ties if there are few levels."""
    draw = np.random.default_rng(seed)
    labels = draw.permutation(np.arange(n) % 3 == 0) if n > 2 else np.array([True, False])
    scores = (draw.integers(0, levels, n) / levels + 0.3 * labels).astype(np.float32)
    return labels, scores


@pytest.mark.parametrize(("n", "levels", "seed"), CASES)
def test_areas_and_curves_are_those_of_scikit_learn(n: int, levels: int, seed: int) -> None:
    labels, scores = sample(n, levels, seed)
    found = rank(labels, scores)
    assert found is not None
    assert found.roc_auc == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)
    assert found.average_precision == pytest.approx(metrics.average_precision_score(labels, scores), abs=1e-12)
    rates, recalls, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.false_positive_rate, rates[1:], atol=1e-12)
    np.testing.assert_allclose(found.recall, recalls[1:], atol=1e-12)
    precisions, recalls, _ = metrics.precision_recall_curve(labels, scores)
    np.testing.assert_allclose(found.precision[::-1], precisions[:-1], atol=1e-12)


@pytest.mark.parametrize(("n", "levels", "seed"), CASES)
def test_a_threshold_gives_what_scikit_learn_measures(n: int, levels: int, seed: int) -> None:
    labels, scores = sample(n, levels, seed)
    found = rank(labels, scores)
    assert found is not None
    for threshold in (-1.0, float(scores[0]), 0.5, 2.0):
        said, given = scores > threshold, found.at(threshold)
        assert given.recall == pytest.approx(metrics.recall_score(labels, said), abs=1e-12)
        assert given.precision == (
            pytest.approx(metrics.precision_score(labels, said), abs=1e-12) if said.any() else None
        )
        assert given.f1 == pytest.approx(metrics.f1_score(labels, said), abs=1e-12)
        assert given.false_positive_rate == pytest.approx(np.mean(said[~labels]), abs=1e-12)


@pytest.mark.parametrize(("n", "levels", "seed"), CASES)
def test_no_threshold_is_better_than_the_best(n: int, levels: int, seed: int) -> None:
    labels, scores = sample(n, levels, seed)
    found = rank(labels, scores)
    assert found is not None
    best = max(metrics.f1_score(labels, scores >= each) for each in scores)
    assert metrics.f1_score(labels, scores > found.best_threshold()) == pytest.approx(best, abs=1e-12)


def test_without_both_kinds_of_examples_there_is_no_ranking() -> None:
    for labels in (np.zeros(3, bool), np.ones(3, bool)):
        assert rank(labels, np.arange(3.0)) is None
