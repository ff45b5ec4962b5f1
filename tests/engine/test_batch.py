"""The loss of a batch of mixed examples against its formula."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dnnctl.engine.batch import Batch, Mixed, training_loss

B, K = 6, 3
DRAW = np.random.default_rng(5)
INPUTS = DRAW.normal(size=(B, 4)).astype(np.float32)
OWN, OTHER = DRAW.integers(0, K, (2, B))
SHARE = DRAW.uniform(0.5, 1, B).astype(np.float32)
WEIGHTS, THEIRS = DRAW.uniform(0, 2, (2, B)).astype(np.float32)
STRENGTH = 0.3


def model_with(loss: str, activation: str) -> keras.Model:
    penalty = keras.regularizers.L2(STRENGTH)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(K, activation, kernel_regularizer=penalty)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("has_weights", [False, True])
def test_a_mixed_example_has_both_losses_in_proportion(has_weights: bool) -> None:
    """The mean of λ·w·(−ln p of its own class) + (1 − λ)·w′·(−ln p of the other class), and the penalty once."""
    model = model_with("sparse_categorical_crossentropy", "softmax")
    outputs = model(INPUTS)
    mixed = Mixed(tf.constant(SHARE), tf.constant(OTHER), tf.constant(THEIRS) if has_weights else None)
    batch = Batch(INPUTS, tf.constant(OWN), tf.constant(WEIGHTS) if has_weights else None, mixed)
    losses = -np.log(np.asarray(outputs))
    own, other = (WEIGHTS, THEIRS) if has_weights else (np.ones(B), np.ones(B))
    places = np.arange(B)
    expected = np.mean(SHARE * own * losses[places, OWN] + (1 - SHARE) * other * losses[places, OTHER])
    penalty = STRENGTH * np.sum(np.asarray(model.layers[-1].kernel) ** 2)
    assert float(training_loss(model, batch, outputs)) == pytest.approx(expected + penalty, rel=1e-5)


def test_mixed_numbers_have_both_squared_errors() -> None:
    model = model_with("mse", "linear")
    own, other = DRAW.normal(size=(2, B, K)).astype(np.float32)
    outputs = model(INPUTS)
    batch = Batch(INPUTS, tf.constant(own), None, Mixed(tf.constant(SHARE), tf.constant(other), None))
    errors = [((np.asarray(outputs) - targets) ** 2).mean(axis=1) for targets in (own, other)]
    penalty = STRENGTH * np.sum(np.asarray(model.layers[-1].kernel) ** 2)
    expected = np.mean(SHARE * errors[0] + (1 - SHARE) * errors[1]) + penalty
    assert float(training_loss(model, batch, outputs)) == pytest.approx(expected, rel=1e-5)
