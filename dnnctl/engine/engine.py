"""The training loop on the device: a few calls of one compiled function make an epoch.

Keras owns the layers, the loss, the metrics and the optimizer; the engine owns the order they are called in. In graph
mode an epoch gives the same bits as `model.fit(shuffle=False)` on the examples in the same order.

Shapes: N is the number of examples, B the batch size, S the steps of an epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.data.dataset import Part
from dnnctl.engine.compilation import Mode
from dnnctl.engine.random_numbers import Noise
from dnnctl.engine.variables import state_variables

EVALUATION_BATCH = 512
NEVER = -1


@dataclass(frozen=True)
class OnDevice:
    """Examples that lie on the device, inputs as raw as they were read."""

    inputs: Any
    """(N, …)"""
    targets: Any
    """(N,) or (N, K)"""
    n: int


def to_device(part: Part) -> OnDevice:
    """Copy examples to the device, where they stay."""
    return OnDevice(tf.constant(part.inputs), tf.constant(part.targets), len(part))


def inner_optimizer(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer itself, where mixed precision has wrapped it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


@dataclass(frozen=True)
class EpochPlan:
    """What an epoch needs beside the examples, for each of its steps."""

    order: NDArray[np.int32]
    """(N,) the examples in the order they are taken."""
    rates: NDArray[np.float32]
    """(S,) the learning rates."""
    momenta: NDArray[np.float32] | None = None
    """(S,) the momenta, where they change."""


class Engine:
    """Trains a compiled model on examples that lie on the device.

    Args:
        model: compiled with an optimizer and a loss.
        metrics: updated in every step, reset by `reset_metrics`.
        train: the training examples.
        batch_size: B; the last step takes what is left.
        mode: `xla` or `graph`.
    """

    LOSS = "loss"
    """What the mean loss is called."""

    def __init__(
        self,
        model: keras.Model,
        metrics: Sequence[keras.metrics.Metric],
        train: OnDevice,
        *,
        batch_size: int,
        mode: Mode,
    ) -> None:
        self.model = model
        self.metrics = list(metrics)
        self.train = train
        self.batch_size = batch_size
        self.n_full_steps, self.n_left = divmod(train.n, batch_size)
        self.mean_loss = keras.metrics.Mean(name=self.LOSS)
        self.optimizer = model.optimizer
        if not self.optimizer.built:
            self.optimizer.build(model.trainable_variables)
        self.cycled_momentum = getattr(inner_optimizer(self.optimizer), "cycled_momentum", None)
        """The variable of a momentum that can change from step to step."""
        self.noise = Noise(model) if mode == "xla" else None
        self._run_full, self._run_left = self._make_runs(jit_compile=mode == "xla")
        self._evaluate_batch = tf.function(self._evaluate, autograph=False, reduce_retracing=True)
        self._predict_batch = tf.function(self._predict, autograph=False, reduce_retracing=True)
        self._plan: tuple[Any, Any, Any] | None = None

    @property
    def n_steps(self) -> int:
        """S, the steps of an epoch."""
        return self.n_full_steps + bool(self.n_left)

    @property
    def all_metrics(self) -> list[keras.metrics.Metric]:
        """The mean loss and the metrics."""
        return [self.mean_loss, *self.metrics]

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """Every variable that the next step depends on, by path."""
        return state_variables(self.model, self.optimizer, self.all_metrics)

    def start_epoch(self, plan: EpochPlan) -> None:
        """Put an epoch's order and rates on the device."""
        momenta = np.zeros(self.n_steps, np.float32) if plan.momenta is None else plan.momenta
        self._plan = (tf.constant(plan.order), tf.constant(plan.rates), tf.constant(momenta))

    def reset_metrics(self) -> None:
        """Start to measure anew."""
        for metric in self.all_metrics:
            metric.reset_state()

    def run(self, start: int, stop: int) -> int | None:
        """Do the steps from `start` up to, but without, `stop`; returns the first step whose loss was not finite."""
        full_stop = min(stop, self.n_full_steps)
        at_once = self.noise.steps_at_once(self.batch_size) if self.noise else stop
        for first in range(start, full_stop, at_once):
            bad = self._call(self._run_full, first, min(first + at_once, full_stop), self.batch_size)
            if bad != NEVER:
                return bad
        if stop > self.n_full_steps:
            bad = self._call(self._run_left, self.n_full_steps, stop, self.n_left)
            return None if bad == NEVER else bad
        return None

    def results(self) -> dict[str, float]:
        """The mean loss and the metrics since they were reset."""
        return {metric.name: float(metric.result()) for metric in self.all_metrics}

    def evaluate(self, part: OnDevice) -> dict[str, float]:
        """The mean loss and the metrics over examples, at inference."""
        self.reset_metrics()
        for start in range(0, part.n, EVALUATION_BATCH):
            rows = slice(start, start + EVALUATION_BATCH)
            self._evaluate_batch(part.inputs[rows], part.targets[rows])
        results = self.results()
        self.reset_metrics()
        return results

    def predict(self, part: OnDevice) -> NDArray[np.float32]:
        """(N, units) what the model answers."""
        batches = [
            self._predict_batch(part.inputs[start : start + EVALUATION_BATCH]).numpy()
            for start in range(0, part.n, EVALUATION_BATCH)
        ]
        return np.concatenate(batches)

    def _call(self, program: Any, start: int, stop: int, size: int) -> int:
        assert self._plan is not None, "start_epoch comes first"
        numbers = self.noise.draw(stop - start, size) if self.noise else []
        span = tf.constant(start), tf.constant(stop)
        return int(program(self.train.inputs, self.train.targets, *self._plan, *span, numbers))

    def _make_runs(self, *, jit_compile: bool) -> tuple[Any, Any]:
        """The loops over full batches and over the last, shorter one.

        XLA needs to know sizes, so each has its own program. In graph mode one trace serves both, with an open size
        where there is a shorter batch: as `model.fit` does it, with the same rounding in batch normalization.
        """
        if jit_compile or not self.n_left:
            return (
                self._make_run(self.batch_size, jit_compile=jit_compile),
                self._make_run(self.n_left, jit_compile=jit_compile),
            )
        run = self._make_run(None, jit_compile=False)
        return run, run

    def _make_step(self) -> Any:
        """One training step: what Keras's own `train_step` does."""
        model, optimizer, cycled_momentum = self.model, self.optimizer, self.cycled_momentum
        twin = self.noise.twin if self.noise else model

        def step(inputs: Any, targets: Any, rate: Any, momentum: Any) -> Any:
            optimizer.learning_rate.assign(rate)
            if cycled_momentum is not None:
                cycled_momentum.assign(momentum)
            with tf.GradientTape() as tape:
                outputs = twin(inputs, training=True)
                loss = model.compute_loss(x=inputs, y=targets, y_pred=outputs, training=True)
                self.mean_loss.update_state(loss, sample_weight=tf.shape(inputs)[0])
                scaled = optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, model.trainable_weights)
            optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
            for metric in self.metrics:
                metric.update_state(targets, outputs)
            return loss

        return step

    def _make_run(self, size: int | None, *, jit_compile: bool) -> Any:
        """A loop over steps of `size` examples, of any size if it is None.

        Where it starts and stops are tensors, so that no call traces anew.
        """
        step = self._make_step()

        def run(
            inputs: Any, targets: Any, order: Any, rates: Any, momenta: Any, start: Any, stop: Any, numbers: Any
        ) -> Any:
            def body(i: Any, bad: Any) -> tuple[Any, Any]:
                first = i * self.batch_size
                n_rows = tf.minimum(self.batch_size, self.train.n - first) if size is None else size
                rows = tf.slice(order, [first], [n_rows])
                batch = tf.gather(inputs, rows), tf.gather(targets, rows)
                if self.noise:
                    # Sliced by `i - start`, XLA would take `start` for a constant and compile anew for each.
                    self.noise.hand([tf.gather(of_layer, i - start) for of_layer in numbers])
                loss = step(*batch, rates[i], momenta[i])
                is_first_bad = tf.logical_and(bad == NEVER, tf.logical_not(tf.math.is_finite(loss)))
                return i + 1, tf.where(is_first_bad, i, bad)

            state = (start, tf.constant(NEVER))
            return tf.while_loop(lambda i, _bad: i < stop, body, state, parallel_iterations=1)[1]

        return tf.function(run, autograph=False, jit_compile=jit_compile)

    def _evaluate(self, inputs: Any, targets: Any) -> None:
        outputs = self.model(inputs, training=False)
        loss = self.model.compute_loss(x=inputs, y=targets, y_pred=outputs, training=False)
        self.mean_loss.update_state(loss, sample_weight=tf.shape(inputs)[0])
        for metric in self.metrics:
            metric.update_state(targets, outputs)

    def _predict(self, inputs: Any) -> Any:
        return self.model(inputs, training=False)
