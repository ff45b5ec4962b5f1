"""Which columns of a table moved a prediction most: gradient × input on the encoded row, summed by column.

An encoded row of zeros has the mean of every number, false booleans and unknown categories. To the first order, the
output for a row differs from that for such a row by the sum of gradient × input over the encoded values:

    f(x) ≈ f(0) + Σ x_i ∂f/∂x_i

f is the log-odds of the predicted class, the log-odds of a label, or a predicted number.

Shapes: N is the number of rows, F of encoded values, C of columns, K of outputs, T of explained outputs: 1 for classes,
otherwise K.

Source: Shrikumar et al., Not Just a Black Box: Learning Important Features Through Propagating Activation Differences
(2016).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.builder.embedding import embedding_names
from dnnctl.builder.output import OUTPUT
from dnnctl.engine.prediction import batch_size
from dnnctl.store.encoding import TableEncoding

JOINED = "columns"
"""The layer that joins the embeddings with the other encoded values."""
PROBABILITIES = ("softmax", "sigmoid")
Explainer = Callable[[NDArray[Any], NDArray[np.integer[Any]] | None], NDArray[np.float32]]


def make_explainer(core: keras.Model, encoding: TableEncoding) -> Explainer:
    """A function from encoded rows, (N, F), and the predicted classes, (N,), to the effect of each column, (N, T, C).

    Without classes, every output is explained.
    """
    start, columns = _start(core, encoding)
    to_start = keras.Model(core.inputs, start)
    head = keras.Model(start, _before_activation(core))
    n_outputs = int(head.output.shape[-1])

    def effects(rows: Any, classes: Any, *, is_classes: bool) -> Any:
        values = to_start(rows, training=False)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(values)
            outputs = tf.cast(head(values, training=False), tf.float32)
            targets = [_log_odds(outputs, classes)] if is_classes else tf.unstack(outputs, n_outputs, axis=1)
        moves = [tf.cast(tape.gradient(target, values) * values, tf.float32) for target in targets]
        return tf.stack([move @ columns for move in moves], axis=1)

    run = tf.function(effects, autograph=False, reduce_retracing=True)
    n_rows = batch_size(core)

    def explain(rows: NDArray[Any], classes: NDArray[np.integer[Any]] | None) -> NDArray[np.float32]:
        chosen = np.zeros(len(rows), np.int32) if classes is None else classes.astype(np.int32)
        parts = [
            run(tf.constant(rows[i : i + n_rows]), tf.constant(chosen[i : i + n_rows]), is_classes=classes is not None)
            for i in range(0, len(rows), n_rows)
        ]
        return np.concatenate([part.numpy() for part in parts])

    return explain


def _start(core: keras.Model, encoding: TableEncoding) -> tuple[Any, NDArray[np.float32]]:
    """The tensor of encoded values, (N, W), in which embeddings replace the numbers of categories, and the column of
    each value as (W, C) zeros and ones.
    """
    embedded = [place for place, column in enumerate(encoding.columns) if column.is_embedded]
    others = [place for place, column in enumerate(encoding.columns) if not column.is_embedded]
    layers = [core.get_layer(name) for name in embedding_names([encoding.columns[place].name for place in embedded])]
    owners = [place for place in others for _ in range(encoding.columns[place].width)]
    is_joined = bool(layers) and len(layers) + bool(owners) > 1
    owners += [place for place, layer in zip(embedded, layers, strict=True) for _ in range(layer.output_dim)]
    start = core.get_layer(JOINED).output if is_joined else layers[0].output if layers else core.inputs[0]
    return start, np.eye(len(encoding.columns), dtype=np.float32)[owners]


def _before_activation(core: keras.Model) -> Any:
    """The outputs, (N, K): log-odds or their differences instead of probabilities, which saturate."""
    layer = core.get_layer(OUTPUT)
    if getattr(getattr(layer, "activation", None), "__name__", "") not in PROBABILITIES:
        return core.output
    linear = type(layer).from_config({**layer.get_config(), "activation": "linear", "name": "log_odds"})
    outputs = linear(layer.input)
    linear.set_weights(layer.get_weights())
    return outputs


def _log_odds(outputs: Any, classes: Any) -> Any:
    """(N,) the log-odds of a class of each row, from (N, K) scores whose softmax is the probability; of a single score
    it is the second class.
    """
    if outputs.shape[1] == 1:
        return tf.where(classes == 1, outputs[:, 0], -outputs[:, 0])
    is_chosen = tf.one_hot(classes, outputs.shape[1], on_value=True, off_value=False, dtype=tf.bool)
    own = tf.reduce_sum(tf.where(is_chosen, outputs, 0.0), axis=1)
    return own - tf.reduce_logsumexp(tf.where(is_chosen, -np.inf, outputs), axis=1)
