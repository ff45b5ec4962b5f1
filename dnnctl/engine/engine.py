"""The engine of supervised training.

Layers, loss, metrics and optimizer are those of Keras; the engine decides the order in which they are called. In graph
mode an epoch gives the same bits as `model.fit(shuffle=False)` on examples in the same order.

Shapes: N is the number of examples, B the batch size, K the number of outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.engine.augmentation.augmenter import Augmenter
from dnnctl.engine.batch import Batch, training_loss
from dnnctl.engine.compilation import Mode
from dnnctl.engine.random_numbers import RandomNumbers
from dnnctl.engine.replicas import ALONE, Replicas, replicated_step
from dnnctl.engine.step_loop import EpochPlan, Placed, StepLoop
from dnnctl.engine.variables import state_variables

EVALUATION_BATCH = 512


class TrainingEngine(Protocol):
    """What the loop over epochs needs from an engine."""

    train: Placed

    @property
    def n_steps(self) -> int:
        """The steps of an epoch."""

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """Every variable that the next step depends on, by path."""

    def start_epoch(self, plan: EpochPlan) -> None:
        """Copy an epoch's order and rates to the device."""

    def reset_metrics(self) -> None:
        """Reset the mean loss and the metrics."""

    def run(self, start: int, stop: int) -> int | None:
        """Run the steps from `start` to `stop` - 1; return the first step with an infinite or NaN loss, else None."""

    def stop_reading(self) -> None:
        """Stop reading examples ahead. The next epoch starts reading again."""

    def results(self) -> dict[str, float]:
        """The mean loss and the metrics since the last reset."""


def inner_optimizer(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer itself, without the wrapper that mixed precision adds."""
    return getattr(optimizer, "inner_optimizer", optimizer)


class Engine:
    """Trains a compiled model on examples that are on the device.

    Args:
        model: compiled with an optimizer and a loss.
        metrics: updated in every step, reset by `reset_metrics`.
        train: the training examples.
        batch_size: B; the last step takes the remaining examples.
        mode: `xla` or `graph`.
        augmenter: changes the training examples in every step.
        replicas: those that share the examples of every batch.
    """

    def __init__(
        self,
        model: keras.Model,
        metrics: Sequence[keras.metrics.Metric],
        train: Placed,
        *,
        batch_size: int,
        mode: Mode,
        augmenter: Augmenter | None = None,
        replicas: Replicas = ALONE,
    ) -> None:
        self.model = model
        self.metrics = list(metrics)
        self.train = train
        self.mean_loss = keras.metrics.Mean(name="loss")
        self.optimizer = model.optimizer
        if not self.optimizer.built:
            self.optimizer.build(model.trainable_variables)
        for metric in self.metrics:
            build_metric(metric, train.targets, n_outputs=model.output.shape[-1])
        self.cycled_momentum = getattr(inner_optimizer(self.optimizer), "cycled_momentum", None)
        """The variable of the momentum, if the momentum can change from step to step."""
        self.random_numbers = RandomNumbers(model) if mode == "xla" else None
        self._loop = StepLoop(
            self._make_replicated_step(replicas, batch_size) if replicas.n > 1 else self._make_step(),
            train,
            batch_size=batch_size,
            jit_compile=mode == "xla",
            random_numbers=self.random_numbers,
            augmenter=augmenter,
        )
        self._evaluate_batch = tf.function(self._evaluate, autograph=False, reduce_retracing=True)
        self._predict_batch = tf.function(self._predict, autograph=False, reduce_retracing=True)

    @property
    def n_steps(self) -> int:
        """The steps of an epoch."""
        return self._loop.n_steps

    @property
    def all_metrics(self) -> list[keras.metrics.Metric]:
        """The mean loss and the metrics."""
        return [self.mean_loss, *self.metrics]

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """Every variable that the next step depends on, by path."""
        return state_variables(self.model, self.optimizer, self.all_metrics)

    def start_epoch(self, plan: EpochPlan) -> None:
        """Copy an epoch's order and rates to the device."""
        self._loop.start_epoch(plan)

    def reset_metrics(self) -> None:
        """Reset the mean loss and the metrics."""
        for metric in self.all_metrics:
            metric.reset_state()

    def run(self, start: int, stop: int) -> int | None:
        """Run the steps from `start` to `stop` - 1; return the first step with an infinite or NaN loss, else None."""
        return self._loop.run(start, stop)

    def batch(self, step: int) -> Batch:
        """The examples of a step of the epoch, as training gets them."""
        return self._loop.batch(step)

    def stop_reading(self) -> None:
        """Stop reading examples ahead. The next epoch starts reading again."""
        self._loop.stop_reading()

    def results(self) -> dict[str, float]:
        """The mean loss and the metrics since the last reset."""
        return {metric.name: float(metric.result()) for metric in self.all_metrics}

    def evaluate(self, part: Placed) -> dict[str, float]:
        """The mean loss and the metrics over examples, at inference."""
        self.reset_metrics()
        for start in range(0, part.n, EVALUATION_BATCH):
            self._evaluate_batch(part.take(slice(start, start + EVALUATION_BATCH)))
        results = self.results()
        self.reset_metrics()
        return results

    def predict(self, part: Placed) -> NDArray[np.float32]:
        """(N, K) the model's predictions."""
        batches = [
            self._predict_batch(part.take(slice(start, start + EVALUATION_BATCH)).inputs).numpy()
            for start in range(0, part.n, EVALUATION_BATCH)
        ]
        return np.concatenate(batches)

    def _make_step(self) -> Any:
        """One training step, the same as Keras's `train_step`."""
        model, optimizer, cycled_momentum = self.model, self.optimizer, self.cycled_momentum
        twin = self.random_numbers.twin if self.random_numbers else model

        def step(batch: Batch, rate: Any, momentum: Any) -> Any:
            optimizer.learning_rate.assign(rate)
            if cycled_momentum is not None:
                cycled_momentum.assign(momentum)
            with tf.GradientTape() as tape:
                outputs = twin(batch.inputs, training=True)
                loss = training_loss(model, batch, outputs)
                self.mean_loss.update_state(loss, sample_weight=tf.shape(batch.inputs)[0])
                scaled = optimizer.scale_loss(loss)
            gradients = tape.gradient(scaled, model.trainable_weights)
            optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
            for metric in self.metrics:
                metric.update_state(batch.targets, outputs)
            return loss

        return step

    def _make_replicated_step(self, replicas: Replicas, batch_size: int) -> Any:
        """One training step of which each replica computes a part; see `replicas.py`."""
        model, optimizer, cycled_momentum = self.model, self.optimizer, self.cycled_momentum

        def update(batch: Batch, outputs: Any, loss: Any) -> None:
            self.mean_loss.update_state(loss, sample_weight=tf.shape(batch.inputs)[0])
            for metric in self.metrics:
                metric.update_state(batch.targets, outputs)

        differentiate = replicated_step(model, replicas, batch_size, update)

        def step(batch: Batch, rate: Any, momentum: Any) -> Any:
            optimizer.learning_rate.assign(rate)
            if cycled_momentum is not None:
                cycled_momentum.assign(momentum)
            loss, gradients = differentiate(batch)
            optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
            return loss

        return step

    def _evaluate(self, batch: Batch) -> None:
        inputs, targets, weights, _ = batch
        outputs = self.model(inputs, training=False)
        loss = self.model.compute_loss(x=inputs, y=targets, y_pred=outputs, sample_weight=weights, training=False)
        self.mean_loss.update_state(loss, sample_weight=tf.shape(inputs)[0])
        for metric in self.metrics:
            metric.update_state(targets, outputs)

    def _predict(self, inputs: Any) -> Any:
        return self.model(inputs, training=False)


def build_metric(metric: keras.metrics.Metric, targets: Any, *, n_outputs: int) -> None:
    """Create the variables of a metric. Some metrics create them in their first update, too late for checkpoints.

    Args:
        targets: (N, …) the targets of the examples; only type and shape matter.
    """
    metric.update_state(tf.zeros((1, *targets.shape[1:]), targets.dtype), tf.zeros((1, n_outputs)))
    metric.reset_state()
