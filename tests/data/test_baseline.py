"""The trivial prediction, against scikit-learn's dummy estimators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import accuracy_score, mean_absolute_error, mean_squared_error, root_mean_squared_error

from dnnctl.data.baseline import baseline

DRAW = np.random.default_rng(0)


def test_classes_are_those_of_the_most_frequent_class() -> None:
    train, test = DRAW.choice(4, 90, p=[0.1, 0.2, 0.4, 0.3]), DRAW.choice(4, 50)
    dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((90, 1)), train)
    expected = accuracy_score(test, dummy.predict(np.zeros((50, 1))))
    assert baseline(train.astype(np.int32), test.astype(np.int32), "classes") == {"accuracy": expected}


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_numbers_are_those_of_the_mean_of_the_training_split(n_outputs: int) -> None:
    train, test = (DRAW.lognormal(size=(n, n_outputs)).astype(np.float32) for n in (90, 50))
    guess = DummyRegressor().fit(np.zeros((90, 1)), train).predict(np.zeros((50, 1))).reshape(50, n_outputs)
    found = baseline(train, test, "numbers")
    assert found["mae"] == pytest.approx(mean_absolute_error(test, guess))
    assert found["mse"] == pytest.approx(mean_squared_error(test, guess))
    assert found["rmse"] == pytest.approx(found["mse"] ** 0.5)
    if n_outputs == 1:
        assert found["rmse"] == pytest.approx(root_mean_squared_error(test, guess))
