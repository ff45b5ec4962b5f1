"""MC dropout: the predictions of a trained model over many passes, in which only its dropout layers are random.

Shapes: N is the number of examples, K the number of outputs.

Source: Gal and Ghahramani, Dropout as a Bayesian Approximation (2016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.errors import RunError

DROPOUTS = (
    keras.layers.Dropout,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.SpatialDropout2D,
)
"""Without GaussianNoise: it is not dropout but noise of a fixed size, so the spread would mean nothing."""
BATCH = 1024
TINY = 1e-12


@dataclass(frozen=True)
class Samples:
    """The statistics of the predictions over all passes."""

    mean: NDArray[np.float32]
    """(N, K) the mean of the predictions."""
    deviation: NDArray[np.float32]
    """(N, K) the standard deviation of the predictions over the passes."""
    is_by_label: bool = False
    """Whether each column is the probability of a label of its own."""

    @property
    def entropy(self) -> NDArray[np.float32]:
        """(N,) the predictive entropy of the mean, -sum p ln p, in nats; a single column or a label is p and 1 - p."""
        p = self.mean.astype(np.float64)
        p = np.hstack([1 - p, p]) if p.shape[1] == 1 or self.is_by_label else p
        return np.asarray(-np.sum(p * np.log(np.clip(p, TINY, 1.0)), axis=1), np.float32)


def sample(model: keras.Model, inputs: NDArray[Any], n_samples: int, *, seed: int = 0) -> Samples:
    """Pass examples through a model `n_samples` times: see `make_sampler`."""
    return make_sampler(model, n_samples, seed=seed)(inputs)


def make_sampler(model: keras.Model, n_samples: int, *, seed: int = 0) -> Callable[[NDArray[Any]], Samples]:
    """A function that passes examples through a model `n_samples` times.

    Parts of a data set, one after another, give the results of the whole if their sizes are multiples of `BATCH`.

    Batch normalization and all other layers run in inference mode.

    Raises:
        RunError: the model has no dropout, so all passes would be the same.
    """
    if not any(isinstance(layer, DROPOUTS) and layer.rate > 0 for layer in model.layers):
        raise RunError(
            "This network has no dropout: every pass would give the same prediction, with a standard deviation of 0. "
            "MC dropout needs a network trained with dropout, alpha_dropout, gaussian_dropout or spatial_dropout."
        )
    seeds = count(seed)

    def make_random(layer: keras.layers.Layer) -> keras.layers.Layer:
        return _AlwaysRandom(layer, next(seeds)) if isinstance(layer, DROPOUTS) else layer

    random_model = keras.models.clone_model(keras.Model(model.inputs, model.outputs), clone_function=make_random)

    def passes(batch: Any) -> tuple[Any, Any]:
        """The mean and the standard deviation over the passes, from differences to the first pass to limit rounding."""
        first = tf.cast(random_model(batch, training=False), tf.float32)

        def body(i: Any, total: Any, squares: Any) -> tuple[Any, Any, Any]:
            distance = tf.cast(random_model(batch, training=False), tf.float32) - first
            return i + 1, total + distance, squares + tf.square(distance)

        zeros = tf.zeros_like(first)
        _, total, squares = tf.while_loop(
            lambda i, *_: i < n_samples, body, (tf.constant(1), zeros, zeros), parallel_iterations=1
        )
        mean = total / n_samples
        return first + mean, tf.sqrt(tf.maximum(squares / n_samples - tf.square(mean), 0.0))

    run = tf.function(passes, autograph=False, reduce_retracing=True)

    def sample_all(inputs: NDArray[Any]) -> Samples:
        parts = [run(tf.constant(inputs[start : start + BATCH])) for start in range(0, len(inputs), BATCH)]
        mean, deviation = (np.concatenate([part[i].numpy() for part in parts]) for i in (0, 1))
        return Samples(mean, deviation)

    return sample_all


class _AlwaysRandom(keras.layers.Layer):
    """A dropout layer that is random at inference, too, with its own seed."""

    def __init__(self, layer: keras.layers.Layer, seed: int) -> None:
        super().__init__(name=layer.name, dtype=layer.dtype_policy)
        self.fresh = type(layer).from_config({**layer.get_config(), "seed": seed})

    def call(self, inputs: Any) -> Any:
        return self.fresh(inputs, training=True)
