"""The examples of one training step.

Shapes: B is the batch size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf


class Mixed(NamedTuple):
    """The second label of mixed examples."""

    share: Any
    """(B,) λ, the share of the example's own label, at least 0.5."""
    targets: Any
    """(B, …) the target of the other example."""
    weights: Any
    """(B,) the weight of the other example, or None."""


class Batch(NamedTuple):
    """The examples of one training step."""

    inputs: Any
    """(B, …)"""
    targets: Any
    """(B, …) of mixed examples, the target with the greater share."""
    weights: Any = None
    """(B,) the weight of each example in the loss; None if all examples have the weight 1."""
    mixed: Mixed | None = None
    """The other labels, if each example is mixed from two."""


def take_batch(examples: tuple[Any, Any, Any], rows: Any) -> Batch:
    """Some of the examples.

    Args:
        examples: (N, …) all inputs, targets and weights; the weights can be None.
        rows: (B,)
    """
    inputs, targets, weights = examples
    return Batch(
        tf.gather(inputs, rows), tf.gather(targets, rows), None if weights is None else tf.gather(weights, rows)
    )


def training_loss(model: keras.Model, batch: Batch, outputs: Any) -> Any:
    """The loss that training minimizes.

    The loss of a mixed example is λ · loss(its own target) + (1 - λ) · loss(the other target). For a crossentropy, this
    is the loss of the soft target λ · own + (1 - λ) · other.
    """
    targets, weights = batch.targets, batch.weights
    if batch.mixed is not None:
        share, others, theirs = batch.mixed
        own, other = share, 1 - share
        if weights is not None:
            own, other = own * weights, other * theirs
        # Keras divides by the number of targets, which is twice the number of examples.
        targets, weights = tf.concat([targets, others], axis=0), 2 * tf.concat([own, other], axis=0)
        outputs = tf.concat([outputs, outputs], axis=0)
    return model.compute_loss(x=batch.inputs, y=targets, y_pred=outputs, sample_weight=weights, training=True)
