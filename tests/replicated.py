"""Data parallel training in one process, without the engine: the gradients of the parts of a batch, added.

It is an independent oracle: a plain loop with Keras's own model and optimizer. The loss is the mean squared error,
because the exponentials of a crossentropy have other bits in another place of an array.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.data.dataset import Part
from dnnctl.engine.replicas import LEAP


class Parts:
    """Trains a compiled regression model. Part r of n of a batch has the examples r, r + n, r + 2n, …"""

    def __init__(self, model: keras.Model, n: int) -> None:
        self.model = model
        self.n = n
        self.seeds = [layer.seed_generator.state for layer in model.layers if hasattr(layer, "seed_generator")]
        norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self.averages = [each for layer in norms for each in (layer.moving_mean, layer.moving_variance)]
        model.optimizer.build(model.trainable_variables)
        free = [tf.TensorSpec((None, *model.input.shape[1:]), model.input.dtype)]  # other sizes round differently
        free += [tf.TensorSpec((None, *model.output.shape[1:]), tf.float32), tf.TensorSpec((None,), tf.float32)]
        signature = [*free, tf.TensorSpec((), tf.float32)]
        self._part = tf.function(self._gradients, autograph=False, input_signature=signature)
        self._update = tf.function(self._apply, autograph=False)

    def train(self, data: Part, orders: list[NDArray[Any]], batch_size: int) -> None:
        """Train one epoch in each order."""
        for order in orders:
            for start in range(0, len(order), batch_size):
                self._step(data.take(order[start : start + batch_size]))

    def _step(self, batch: Part) -> None:
        seeds, averages = [each.numpy() for each in self.seeds], [each.numpy() for each in self.averages]
        found, after, count = [], [], len(batch)
        for number in range(min(self.n, count)):
            for variable, seed in zip(self.seeds, seeds, strict=True):
                variable.assign(seed + np.array([number * LEAP, 0], seed.dtype))
            for variable, value in zip(self.averages, averages, strict=True):
                variable.assign(value)
            rows = np.arange(number, count, self.n)
            part = batch.take(rows)
            weights = np.ones(len(part), np.float32) if part.weights is None else part.weights
            found.append(self._part(*map(tf.constant, (part.inputs, part.targets, weights)), np.float32(count)))
            after.append([each.numpy() * np.float32(len(rows) / count) for each in self.averages])
        for variable, seed in zip(self.seeds, seeds, strict=True):
            variable.assign([seed[0], variable.numpy()[1]])
        for variable, *values in zip(self.averages, *after, strict=True):
            variable.assign(sum(values[1:], values[0]))
        self._update([sum(each[1:], each[0]) for each in zip(*found, strict=True)])

    def _gradients(self, inputs: Any, targets: Any, weights: Any, count: Any) -> Any:
        """Of the part's share of the mean loss."""
        with tf.GradientTape() as tape:
            losses = tf.reduce_mean(tf.square(self.model(inputs, training=True) - targets), axis=-1)
            loss = tf.reduce_sum(losses * weights) / count
        return tape.gradient(loss, self.model.trainable_weights)

    def _apply(self, gradients: list[Any]) -> None:
        """Add the gradients of the penalties once, and update."""
        weights = self.model.trainable_weights
        with tf.GradientTape() as tape:
            penalty = tf.add_n([0.0, *self.model.losses])
        penalties = tape.gradient(penalty, weights)
        total = [a if b is None else a + b for a, b in zip(gradients, penalties, strict=True)]
        self.model.optimizer.apply_gradients(zip(total, weights, strict=True))
