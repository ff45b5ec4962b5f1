"""The metrics of each of several target numbers: scikit-learn is the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from dnnctl.data.number_scores import score_each_target


def test_each_target_has_the_metrics_of_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    targets = (draw.normal(size=(50, 3)) * [1, 1e5, 0] + [0, 0, 7]).astype(np.float32)
    predicted = targets + draw.normal(size=(50, 3)).astype(np.float32)
    found = score_each_target(predicted, targets, ["a", "b"])
    assert list(found) == ["a", "b", "2"]
    for number, name in enumerate("ab"):
        y, p = targets[:, number].astype(float), predicted[:, number].astype(float)
        expected = oracle.mean_absolute_error(y, p), oracle.root_mean_squared_error(y, p), oracle.r2_score(y, p)
        assert list(found[name].values()) == pytest.approx(expected, rel=1e-9)
    assert found["2"]["r2"] is None


def test_one_target_needs_no_table() -> None:
    assert score_each_target(np.ones((3, 1)), np.zeros((3, 1)), ["a"]) == {}
