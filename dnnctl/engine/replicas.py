"""One training step of several replicas: each has some of the examples of the batch.

    outputs of replica r:   f(x_r),    x_r = x[r], x[r + R], x[r + 2R], …
    loss:                   L(f(x), y) + penalties(w), of the whole batch, as one process would compute it
    gradient:               Σ_r ∂L/∂f(x_r) · ∂f(x_r)/∂w + ∂penalties/∂w

All replicas get the outputs of the whole batch, so that the loss, the weights of the examples, the metrics and the
penalties need no rule of their own, whatever the size of the batch. After that they add their gradients. So all of them
do the same update, and their variables stay the same bits.

Shapes: B is the batch size, R the number of replicas, K the number of outputs, B_r the number of examples of replica r.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from dnnctl.engine.batch import Batch, training_loss
from dnnctl.engine.collective import Collective

ACTIVATIONS = {"Softmax": tf.nn.softmax, "Sigmoid": tf.nn.sigmoid}
"""By TensorFlow's name: the last activations whose inputs Keras's crossentropies take, because that is more exact."""
LEAP = 1_000_003
"""The distance between the seeds of two replicas."""


@dataclass(frozen=True)
class Replicas:
    """The replicas that train a model, and those of them that this process computes."""

    n: int = 1
    """R"""
    mine: tuple[int, ...] = (0,)
    """The numbers of those of this process, from 0."""
    devices: tuple[str, ...] = ("",)
    """The device of each of them; TensorFlow chooses if it is empty."""
    collective: Collective | None = None
    """The connection to the other processes, if there are any."""

    def total(self, own: Sequence[Any]) -> Any:
        """The sum of a tensor over all replicas.

        Args:
            own: the tensor of each replica of this process.
        """
        added = own[0]
        for each in own[1:]:
            added = added + each
        return added if self.collective is None else self.collective.sum(added)


ALONE = Replicas()


@dataclass(frozen=True)
class _Share:
    """What one replica has computed of a batch."""

    rows: Any
    """(B_r,) the places of its examples in the batch. It is one example of another replica if there is none for it."""
    is_real: Any
    """Whether the examples are its own."""
    outputs: Any
    """(B_r, K) before the last activation, if that is one of `ACTIVATIONS`."""
    activation: Callable[[Any], Any]
    tape: tf.GradientTape
    averages: list[Any]
    """The moving averages of batch normalization, weighted by the number of its examples."""


class ReplicatedForward:
    """Runs the model on the examples of each replica of this process."""

    def __init__(self, model: keras.Model, replicas: Replicas) -> None:
        self.model = model
        self.replicas = replicas
        self.seeds = [layer.seed_generator.state for layer in model.layers if hasattr(layer, "seed_generator")]
        norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self.averages = [each for layer in norms for each in (layer.moving_mean, layer.moving_variance)]

    def __call__(self, inputs: Any) -> list[_Share]:
        """The shares of the replicas of this process. The variables that it changes end as those of the last one."""
        seeds, averages = _values(self.seeds), _values(self.averages)
        shares = []
        for number, device in zip(self.replicas.mine, self.replicas.devices, strict=True):
            _assign(self.seeds, [seed + _leap(seed, number) for seed in seeds])
            _assign(self.averages, averages)
            with tf.device(device):
                shares.append(self._share(inputs, number))
        last = self.replicas.mine[-1]
        _assign(self.seeds, [seed - _leap(seed, last) for seed in _values(self.seeds)])
        return shares

    def _share(self, inputs: Any, number: int) -> _Share:
        n = tf.shape(inputs)[0]
        is_real = number < n
        rows = tf.range(tf.minimum(number, n - 1), n, self.replicas.n)
        with tf.GradientTape() as tape:
            outputs, activation = _before_activation(self.model(tf.gather(inputs, rows), training=True))
        weight = tf.where(is_real, tf.size(rows) / n, 0)
        averages = [value * tf.cast(weight, value.dtype) for value in _values(self.averages)]
        return _Share(rows, is_real, outputs, activation, tape, averages)


def replicated_step(
    model: keras.Model, replicas: Replicas, batch_size: int, update: Callable[[Batch, Any, Any], None]
) -> Callable[[Batch], tuple[Any, list[Any]]]:
    """A function from a batch to its loss and the gradients.

    Args:
        batch_size: the largest B.
        update: called with the batch, its outputs and its loss, to update the metrics.
    """
    forward = ReplicatedForward(model, replicas)
    weights = model.trainable_weights

    def step(batch: Batch) -> tuple[Any, list[Any]]:
        n = tf.shape(batch.inputs)[0]
        shares = forward(batch.inputs)
        everyone = replicas.total([_placed(share, batch_size) for share in shares])[:n]
        with tf.GradientTape() as tape:
            tape.watch(everyone)
            outputs = shares[0].activation(everyone)
            loss = training_loss(model, batch, outputs)
            update(batch, outputs, loss)
            scaled = model.optimizer.scale_loss(loss)
        upstream, *penalties = tape.gradient(scaled, [everyone, *weights])
        own = []
        for share, device in zip(shares, replicas.devices, strict=True):
            with tf.device(device):
                own.append(_flat([*_gradients(share, upstream, weights), *share.averages]))
        added = _split(replicas.total(own), [*weights, *forward.averages])
        _assign(forward.averages, added[len(weights) :])
        pairs = zip(added[: len(weights)], penalties, strict=True)
        return loss, [data if penalty is None else data + tf.convert_to_tensor(penalty) for data, penalty in pairs]

    return step


def _before_activation(outputs: Any) -> tuple[Any, Callable[[Any], Any]]:
    """What the last activation of a model gets, and this activation."""
    kind = outputs.op.type
    return (outputs.op.inputs[0], ACTIVATIONS[kind]) if kind in ACTIVATIONS else (outputs, tf.identity)


def _placed(share: _Share, size: int) -> Any:
    """(size, K) the outputs of a replica at their places in the batch, and zeros elsewhere.

    Collective operations need the same shape in every step, also where the last batch has fewer than `size` examples.
    """
    outputs = tf.where(share.is_real, share.outputs, tf.zeros_like(share.outputs))
    return tf.scatter_nd(share.rows[:, tf.newaxis], outputs, (size, *outputs.shape[1:]))


def _gradients(share: _Share, upstream: Any, weights: Sequence[Any]) -> list[Any]:
    """The part of the gradients that comes from the examples of a replica."""
    ours = tf.gather(upstream, share.rows)
    ours = tf.where(share.is_real, ours, tf.zeros_like(ours))
    found = share.tape.gradient(share.outputs, weights, output_gradients=ours)
    pairs = zip(found, weights, strict=True)
    return [tf.zeros(weight.shape) if each is None else tf.convert_to_tensor(each) for each, weight in pairs]


def _flat(tensors: Sequence[Any]) -> Any:
    return tf.concat([tf.reshape(each, [-1]) for each in tensors], axis=0)


def _split(flat: Any, like: Sequence[Any]) -> list[Any]:
    sizes = [int(tf.TensorShape(each.shape).num_elements()) for each in like]
    return [tf.reshape(part, each.shape) for part, each in zip(tf.split(flat, sizes), like, strict=True)]


def _values(variables: Sequence[Any]) -> list[Any]:
    return [tf.identity(variable.value) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _leap(seed: Any, number: int) -> Any:
    return tf.cast(tf.constant([number * LEAP, 0]), seed.dtype)
