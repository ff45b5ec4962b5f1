"""The engine of a generative adversarial network: each step trains the discriminator, then the generator.

Shapes: B is the batch size, K the number of codings.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from dnnctl.builder.gan import GanNetworks
from dnnctl.engine.batch import Batch
from dnnctl.engine.step_loop import EpochPlan, OnDevice, StepLoop
from dnnctl.engine.variables import state_variables


class GanEngine:
    """Trains both networks, each with its own optimizer.

    The discriminator gets a batch of generated inputs and a batch of real inputs in a single pass. While the generator
    is trained, the discriminator is fixed and runs in inference mode.

    Args:
        networks: both networks; the discriminator must be compiled with an optimizer.
        optimizer: the optimizer of the generator.
        train: the training examples; only their inputs are used.
        batch_size: B; the last step takes the remaining examples.
        seed: the seed of the codings.

    Source: Goodfellow et al., 2014, with the non-saturating generator loss of section 3.
    """

    def __init__(
        self,
        networks: GanNetworks,
        optimizer: keras.optimizers.Optimizer,
        train: OnDevice,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        self.networks = networks
        self.train = train
        self.generator_optimizer = optimizer
        self.discriminator_optimizer = networks.discriminator.optimizer
        self.codings = keras.random.SeedGenerator(seed, name="codings")
        self.discriminator_loss = keras.metrics.Mean(name="discriminator_loss")
        self.generator_loss = keras.metrics.Mean(name="generator_loss")
        self.hits = keras.metrics.BinaryAccuracy(name="discriminator_accuracy", threshold=0.0)
        self.metrics = [self.discriminator_loss, self.generator_loss, self.hits]
        optimizer.build(networks.generator.trainable_variables)
        if not self.discriminator_optimizer.built:
            self.discriminator_optimizer.build(networks.discriminator.trainable_variables)
        self._loop = StepLoop(self._make_step(), train, batch_size=batch_size, jit_compile=False)

    @property
    def n_steps(self) -> int:
        """The steps of an epoch."""
        return self._loop.n_steps

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """Every variable of both networks, both optimizers and the metrics, by path."""
        discriminator = state_variables(self.networks.discriminator, self.discriminator_optimizer, self.metrics)
        generator = state_variables(self.networks.generator, self.generator_optimizer, [])
        return {
            **discriminator,
            **{f"generator/{path}": variable for path, variable in generator.items()},
            "codings/seed": self.codings.state,
        }

    def start_epoch(self, plan: EpochPlan) -> None:
        """Copy an epoch's order and rates to the device."""
        self._loop.start_epoch(plan)

    def reset_metrics(self) -> None:
        """Reset the losses and the accuracy."""
        for metric in self.metrics:
            metric.reset_state()

    def run(self, start: int, stop: int) -> int | None:
        """Run the steps from `start` to `stop` - 1; return the first step with an infinite or NaN loss, else None."""
        return self._loop.run(start, stop)

    def stop_reading(self) -> None:
        """Stop reading examples ahead. The next epoch starts reading again."""
        self._loop.stop_reading()

    def results(self) -> dict[str, float]:
        """Both losses and the discriminator's accuracy since the last reset."""
        return {metric.name: float(metric.result()) for metric in self.metrics}

    def _make_step(self) -> Any:
        scale, discriminator, generator = self.networks.scale, self.networks.discriminator, self.networks.generator
        ours, theirs = self.discriminator_optimizer, self.generator_optimizer
        n_codings = generator.input.shape[-1]

        def generate(n: Any) -> Any:
            made = generator(keras.random.normal((n, n_codings), seed=self.codings), training=True)
            return tf.cast(made, discriminator.input.dtype)

        def step(batch: Batch, rate: Any, _momentum: Any) -> Any:
            n = tf.shape(batch.inputs)[0]
            ours.learning_rate.assign(rate)
            theirs.learning_rate.assign(rate)
            both = tf.concat([generate(n), tf.cast(scale(batch.inputs), discriminator.input.dtype)], axis=0)
            labels = tf.concat([tf.zeros((n, 1)), tf.ones((n, 1))], axis=0)
            with tf.GradientTape() as tape:
                logits = discriminator(both, training=True)
                loss = _crossentropy(labels, logits) + tf.add_n([0.0, *discriminator.losses])
                scaled = ours.scale_loss(loss)
            _apply(tape, ours, scaled, discriminator)
            with tf.GradientTape() as tape:
                deceived = _crossentropy(tf.ones((n, 1)), discriminator(generate(n), training=False))
                scaled = theirs.scale_loss(deceived)
            _apply(tape, theirs, scaled, generator)
            self.discriminator_loss.update_state(loss, sample_weight=n)
            self.generator_loss.update_state(deceived, sample_weight=n)
            self.hits.update_state(labels, logits)
            return loss + deceived

        return step


def _crossentropy(labels: Any, logits: Any) -> Any:
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32)))


def _apply(tape: tf.GradientTape, optimizer: Any, scaled_loss: Any, model: keras.Model) -> None:
    gradients = tape.gradient(scaled_loss, model.trainable_weights)
    optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
