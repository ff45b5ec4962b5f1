"""A probe: what the outputs and the gradients of each layer look like on a few examples.

The examples go through the network as in training (dropout drops, batch normalization uses the statistics of the
batch), in batches. For the outputs a of a layer over all batches and the gradient g of its kernel W in each batch,

    mean = mean(a)                    gradient = √mean(g²)
    deviation = √mean((a - mean)²)    update = ‖W after a step - W‖ / ‖W‖

All variables that change meanwhile are restored, so a probe changes no bit of the training.

Shapes: N is the number of examples, B the batch size, C the number of units or channels of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.builder.signals import Signal
from dnnctl.engine.batch import Batch, training_loss
from dnnctl.engine.step_loop import OnDevice
from dnnctl.engine.variables import read_state, state_variables, write_state
from dnnctl.store.layer_statistics import LayerStatistics

NEAR = 0.05
"""An output is near a limit of its activation function within this fraction of the range between both limits."""
SMALLEST_BATCH, LARGEST_BATCH = 32, 512
Sums = dict[str, NDArray[np.float64]]


class Probe:
    """Measures the layers of a compiled model.

    Args:
        signals: the layers, the last of which is the output.
        examples: the examples; the last ones are left out if they do not fill a batch.
        batch_size: that of training; batches of other sizes than 32 to 512 are not used.
    """

    def __init__(self, model: keras.Model, signals: Sequence[Signal], examples: OnDevice, *, batch_size: int) -> None:
        self.model = model
        self.optimizer = model.optimizer
        self.signals = signals
        self.trainable = list(model.trainable_weights)
        self.examples = examples
        self.batch_size = min(max(batch_size, SMALLEST_BATCH), LARGEST_BATCH, examples.n)
        self._outputs = keras.Model(model.inputs, [*(each.measured.output for each in signals), model.output])
        if not self.optimizer.built:
            self.optimizer.build(model.trainable_variables)
        self._run = tf.function(self._measure_batch, autograph=False, reduce_retracing=True)

    @property
    def is_current(self) -> bool:
        """Whether the model has the same optimizer and frozen layers as when the probe was made."""
        trainable = self.model.trainable_weights
        is_same = [id(each) for each in trainable] == [id(each) for each in self.trainable]
        return is_same and self.model.optimizer is self.optimizer

    @property
    def n_examples(self) -> int:
        """The number of examples that are measured."""
        return self.examples.n // self.batch_size * self.batch_size

    def measure(self) -> tuple[float, list[LayerStatistics]]:
        """The mean loss, and the statistics of each layer. No variable changes."""
        variables = state_variables(self.model, self.optimizer, [])
        before = read_state(variables)
        starts = range(0, self.n_examples, self.batch_size)
        batches = [self.examples.take(slice(start, start + self.batch_size)) for start in starts]
        try:
            measured = [self._run(batch) for batch in batches]
            losses = [float(loss) for loss, _, _ in measured]
            parts = [[{key: each.numpy() for key, each in of.items()} for of in layers] for _, layers, _ in measured]
            updates = self._updates(measured[0][-1])
        finally:
            write_state(variables, before)
        layers = [
            _statistics(signal, [part[place] for part in parts], update)
            for place, (signal, update) in enumerate(zip(self.signals, updates, strict=True))
        ]
        return float(np.mean(losses)), layers

    def _updates(self, gradients: Sequence[Any]) -> list[float]:
        """The norm of the change of each kernel in one step with these gradients, divided by the norm of the kernel."""
        before = [np.asarray(each.kernel, np.float64) for each in self.signals]
        self.optimizer.apply_gradients(zip(gradients, self.trainable, strict=True))
        changes = [np.asarray(each.kernel, np.float64) - old for each, old in zip(self.signals, before, strict=True)]
        with np.errstate(all="ignore"):
            norms = [(np.linalg.norm(change), np.linalg.norm(old)) for change, old in zip(changes, before, strict=True)]
            return [float(change / old) if old else 0.0 for change, old in norms]

    def _measure_batch(self, batch: Batch) -> tuple[Any, list[dict[str, Any]], list[Any]]:
        """The loss, the sums of each layer, and the gradients of all trainable weights as the optimizer takes them."""
        kernels = [each.kernel.value for each in self.signals]
        scale = self.optimizer.scale_loss(tf.constant(1.0))  # with float16, small gradients would be 0 without it
        with tf.GradientTape() as tape:
            tape.watch(kernels)  # also those that are frozen
            *outputs, predicted = self._outputs(batch.inputs, training=True)
            loss = training_loss(self.model, batch, predicted)
            scaled = loss * tf.cast(scale, loss.dtype)
        of_kernels, of_all = tape.gradient(scaled, (kernels, [each.value for each in self.trainable]))
        layers = [
            {**_output_sums(signal, tf.cast(values, tf.float64)), "gradient": _mean_square(gradient, scale)}
            for signal, values, gradient in zip(self.signals, outputs, of_kernels, strict=True)
        ]
        return loss, layers, of_all


def _output_sums(signal: Signal, outputs: Any) -> dict[str, Any]:
    """The moments of a batch's outputs (B, …, C), the largest size of each unit, and the fraction near a limit."""
    mean = tf.reduce_mean(outputs)
    found = {
        "mean": mean,
        "variance": tf.reduce_mean(tf.square(outputs - mean)),
        "largest": tf.reduce_max(tf.abs(outputs), axis=list(range(len(outputs.shape) - 1))),
        "saturated": tf.constant(0.0, tf.float64),
    }
    if signal.limits is not None:
        low, high = signal.limits
        margin = NEAR * (high - low)
        is_near = tf.logical_or(outputs <= low + margin, outputs >= high - margin)
        found["saturated"] = tf.reduce_mean(tf.cast(is_near, tf.float64))
    return found


def _mean_square(gradient: Any, scale: Any) -> Any:
    """mean(g²) of a scaled gradient."""
    return tf.reduce_mean(tf.square(tf.cast(gradient, tf.float64) / tf.cast(scale, tf.float64)))


def _statistics(signal: Signal, batches: Sequence[Sums], update: float) -> LayerStatistics:
    """The statistics over batches of the same size; the variance is the mean of theirs plus that of their means."""
    found = {key: np.array([batch[key] for batch in batches]) for key in batches[0]}
    with np.errstate(all="ignore"):
        variance = found["variance"].mean() + found["mean"].var()
        return LayerStatistics(
            signal.name,
            signal.activation,
            mean=float(found["mean"].mean()),
            deviation=float(np.sqrt(variance)),
            dead=float(np.mean(found["largest"].max(axis=0) == 0)),
            saturated=float(found["saturated"].mean()),
            gradient=float(np.sqrt(found["gradient"].mean())),
            update=update,
        )
