"""The engine of a generative adversarial network: in each step the discriminator learns, then the generator.

Shapes: B is the batch, K the number of codings.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from dnnctl.builder.gan import GanNetworks
from dnnctl.engine.engine import Engine, OnDevice
from dnnctl.engine.variables import state_variables


class GanEngine(Engine):
    """Trains both networks, each by an optimizer of its own.

    The discriminator sees a batch of generated inputs and one of real ones in a single pass. While the generator learns
    the discriminator stays as it is, at inference.

    Source: Goodfellow et al., 2014, with the loss of section 3 that gives the generator strong gradients.
    """

    LOSS = "discriminator_loss"

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
        self.generator_optimizer = optimizer
        self.codings = keras.random.SeedGenerator(seed, name="codings")
        self.generator_loss = keras.metrics.Mean(name="generator_loss")
        self.hits = keras.metrics.BinaryAccuracy(name="discriminator_accuracy", threshold=0.0)
        optimizer.build(networks.generator.trainable_variables)
        super().__init__(
            networks.discriminator, [self.generator_loss, self.hits], train, batch_size=batch_size, mode="graph"
        )

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """Of both networks and both optimizers."""
        theirs = state_variables(self.networks.generator, self.generator_optimizer, [])
        return {
            **super().variables,
            **{f"generator/{path}": variable for path, variable in theirs.items()},
            "codings/seed": self.codings.state,
        }

    def _make_step(self) -> Any:
        scale, discriminator, generator = self.networks.scale, self.networks.discriminator, self.networks.generator
        ours, theirs = self.optimizer, self.generator_optimizer
        n_codings = generator.input.shape[-1]

        def crossentropy(labels: Any, logits: Any) -> Any:
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32)))

        def generate(n: Any) -> Any:
            made = generator(keras.random.normal((n, n_codings), seed=self.codings), training=True)
            return tf.cast(made, discriminator.input.dtype)

        def learn(tape: tf.GradientTape, optimizer: Any, scaled_loss: Any, model: keras.Model) -> None:
            gradients = tape.gradient(scaled_loss, model.trainable_weights)
            optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))

        def step(inputs: Any, _targets: Any, rate: Any, _momentum: Any) -> Any:
            n = tf.shape(inputs)[0]
            ours.learning_rate.assign(rate)
            theirs.learning_rate.assign(rate)
            both = tf.concat([generate(n), tf.cast(scale(inputs), discriminator.input.dtype)], axis=0)
            labels = tf.concat([tf.zeros((n, 1)), tf.ones((n, 1))], axis=0)
            with tf.GradientTape() as tape:
                logits = discriminator(both, training=True)
                loss = crossentropy(labels, logits) + tf.add_n([0.0, *discriminator.losses])
                scaled = ours.scale_loss(loss)
            learn(tape, ours, scaled, discriminator)
            with tf.GradientTape() as tape:
                deceived = crossentropy(tf.ones((n, 1)), discriminator(generate(n), training=False))
                scaled = theirs.scale_loss(deceived)
            learn(tape, theirs, scaled, generator)
            self.mean_loss.update_state(loss, sample_weight=n)
            self.generator_loss.update_state(deceived, sample_weight=n)
            self.hits.update_state(labels, logits)
            return loss + deceived

        return step
