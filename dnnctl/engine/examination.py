"""The loss and the gradient of each example of a training step.

The loss of a step is a weighted mean, L = Σ w_i ℓ_i / B + the penalties of regularizers. It is linear in the weights,
so the loss of example i, as training weighs it, is the derivative of L with respect to a factor of w_i, times B. This
holds for every loss, for examples with weights, and for mixed examples.

Shapes: B is the batch size, K the number of outputs, P the number of examined examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.engine.batch import Batch, Mixed, training_loss
from dnnctl.engine.engine import Engine

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Examination:
    """What a training step does with its examples. The weights are those before the step."""

    inputs: NDArray[Any]
    """(B, …) as the network gets them: augmented."""
    outputs: Floats
    """(B, K) with the noise of training, such as dropout."""
    losses: Floats
    """(B,) the loss of each example, times its weight. Their mean, plus penalties, is the loss of the batch."""
    gradient_norm: float
    """The norm of the gradient of the batch, over all trained weights, before clipping."""
    gradient_norms: Floats
    """(P,) the norm of the gradient of the loss of each examined example."""
    shares: Floats | None = None
    """(B,) of mixed examples, the share of their own label."""


class Examiner:
    """Examines steps of an engine, in graph mode. The variables of the engine change: the caller restores them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._look = tf.function(self._trace, autograph=False, reduce_retracing=True)

    def examine(self, step: int, positions: NDArray[np.intp] | None = None) -> Examination:
        """Examine a step of the epoch that the engine has started, with the current state.

        Args:
            step: counted from 0.
            positions: (P,) the places of examples in the batch whose gradients are computed; None for all.
        """
        batch, random_numbers = self.engine.batch(step), self.engine.random_numbers
        n = int(batch.inputs.shape[0])
        numbers = [each[0] for each in random_numbers.draw(1, n)] if random_numbers else []
        chosen = np.arange(n) if positions is None else positions
        outputs, losses, norm, norms = self._look(batch, numbers, tf.constant(chosen, tf.int32))
        return Examination(
            inputs=batch.inputs.numpy(),
            outputs=tf.cast(outputs, tf.float32).numpy(),
            losses=losses.numpy(),
            gradient_norm=float(norm),
            gradient_norms=norms.numpy(),
            shares=None if batch.mixed is None else batch.mixed.share.numpy(),
        )

    def _trace(self, batch: Batch, numbers: Any, positions: Any) -> tuple[Any, ...]:
        engine, optimizer = self.engine, self.engine.optimizer
        model, weights, twin = engine.model, engine.model.trainable_weights, engine.model
        if engine.random_numbers:
            engine.random_numbers.hand(numbers)
            twin = engine.random_numbers.twin
        with tf.GradientTape(persistent=True) as tape:
            outputs = twin(batch.inputs, training=True)
            loss = optimizer.scale_loss(training_loss(model, batch, outputs))
            losses = example_losses(model, batch, outputs)
            scaled = optimizer.scale_loss(losses)
        scale = optimizer.scale_loss(tf.constant(1.0))

        def norm(target: Any, share: Any = None) -> Any:
            gradients = tape.gradient(target, weights, share, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return (
                tf.linalg.global_norm([tf.cast(tf.convert_to_tensor(each), tf.float32) for each in gradients]) / scale
            )

        def norm_of_one(position: Any) -> Any:
            return norm(scaled, tf.one_hot(position, tf.shape(scaled)[0]))

        signature = tf.TensorSpec((), tf.float32)
        norms = tf.map_fn(norm_of_one, positions, fn_output_signature=signature, parallel_iterations=1)
        return outputs, losses, norm(loss), norms


def measure_each(engine: Engine, batch: Batch) -> tuple[Floats, Floats]:
    """(B,) the loss of each example and (B, K) the outputs, at inference, with the current weights."""

    def measure(batch: Batch) -> tuple[Any, Any]:  # in a graph, Keras computes a crossentropy from logits
        outputs = engine.model(batch.inputs, training=False)
        return example_losses(engine.model, batch, outputs), tf.cast(outputs, tf.float32)

    losses, outputs = tf.function(measure, autograph=False)(batch)
    return losses.numpy(), outputs.numpy()


def example_losses(model: keras.Model, batch: Batch, outputs: Any) -> Any:
    """(B,) the loss of each example, times its weight."""
    n = tf.shape(outputs)[0]
    factors = tf.ones(n)
    with tf.GradientTape() as tape:
        tape.watch(factors)
        loss = training_loss(model, _scaled(batch, factors), outputs)
    return tape.gradient(loss, factors) * tf.cast(n, tf.float32)


def _scaled(batch: Batch, factors: Any) -> Batch:
    """The batch with the weight of each example multiplied by a factor."""
    weights = factors if batch.weights is None else batch.weights * factors
    if batch.mixed is None:
        return batch._replace(weights=weights)
    share, others, theirs = batch.mixed
    return batch._replace(weights=weights, mixed=Mixed(share, others, factors if theirs is None else theirs * factors))
