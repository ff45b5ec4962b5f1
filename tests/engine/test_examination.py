"""The loss of each example of a batch against its formula; gradients are tested with `replay`."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dnnctl.engine.batch import Batch, Mixed, training_loss
from dnnctl.engine.examination import example_losses

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
@pytest.mark.parametrize("is_mixed", [False, True])
def test_the_loss_of_each_example_is_its_own(has_weights: bool, is_mixed: bool) -> None:
    """λ·w·(−ln p of its own class) + (1 − λ)·w′·(−ln p of the other class), without the penalty."""
    model = model_with("sparse_categorical_crossentropy", "softmax")
    outputs = model(INPUTS)
    mixed = Mixed(tf.constant(SHARE), tf.constant(OTHER), tf.constant(THEIRS) if has_weights else None)
    batch = Batch(INPUTS, tf.constant(OWN), tf.constant(WEIGHTS) if has_weights else None, mixed if is_mixed else None)
    logs, places = -np.log(np.asarray(outputs)), np.arange(B)
    own, other = (WEIGHTS, THEIRS) if has_weights else (np.ones(B), np.ones(B))
    share = SHARE if is_mixed else np.ones(B)
    expected = share * own * logs[places, OWN] + (1 - share) * other * logs[places, OTHER]
    np.testing.assert_allclose(example_losses(model, batch, outputs), expected, rtol=1e-5)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "log_cosh", "cosine_similarity", "binary_crossentropy"])
def test_the_losses_of_single_examples_are_those_of_batches_of_one(loss: str) -> None:
    model = model_with(loss, "sigmoid")
    targets = DRAW.uniform(size=(B, K)).astype(np.float32)
    outputs = model(INPUTS)
    penalty = STRENGTH * np.sum(np.asarray(model.layers[-1].kernel) ** 2)
    alone = [
        float(training_loss(model, Batch(INPUTS[i : i + 1], tf.constant(targets[i : i + 1])), outputs[i : i + 1]))
        for i in range(B)
    ]
    found = example_losses(model, Batch(INPUTS, tf.constant(targets)), outputs)
    np.testing.assert_allclose(found, np.array(alone) - penalty, rtol=1e-4, atol=1e-5)


def test_an_infinite_loss_is_only_that_of_its_example() -> None:
    model = model_with("mse", "linear")
    targets = np.zeros((B, K), np.float32)
    targets[2] = np.inf
    found = np.asarray(example_losses(model, Batch(INPUTS, tf.constant(targets)), model(INPUTS)))
    assert np.flatnonzero(~np.isfinite(found)).tolist() == [2]
