"""An autoencoder around blocks of a network. It learns from inputs only.

Shapes: B is the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from dnnctl.builder.decoder import mirror
from dnnctl.builder.dropout import DROPOUTS, NOISES, build_dropout
from dnnctl.builder.model import Block, Network
from dnnctl.builder.names import Names
from dnnctl.layers.rrelu import RReLU
from dnnctl.specs.field import Kind


class ReconstructionError(keras.layers.Layer):
    """The mean squared difference between inputs and decoded inputs, (B, …) and (B, …) → (B, 1)."""

    def call(self, inputs: Any) -> Any:
        given, decoded = inputs
        n = ops.shape(given)[0]
        difference = ops.reshape(ops.cast(given, "float32") - ops.cast(decoded, "float32"), (n, -1))
        return ops.mean(ops.square(difference), axis=-1, keepdims=True)


def parts_of(network: Network, *, greedy: bool) -> list[Sequence[Block]]:
    """The blocks that are pretrained together: all of them, or with `greedy` one group for each block with weights."""
    last = max(place for place, block in enumerate(network.blocks) if block.has_weights)
    blocks = network.blocks[: last + 1]
    if not greedy:
        return [blocks]
    ends = [place + 1 for place, block in enumerate(blocks) if block.has_weights]
    return [blocks[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def build_autoencoder(network: Network, part: Sequence[Block], noise: Kind, *, seed: int) -> keras.Model:
    """A model (B, …) → (B, 1) of each input's reconstruction error. It trains the weights of the part and the decoder.

    The blocks before the part are frozen and run in inference mode; the part encodes their outputs. Embeddings are
    frozen: their outputs are reconstructed, too, and would otherwise become equal for all categories.
    """
    start, given = network.model.input, part[0].inputs
    for block in network.blocks:
        for layer in block.layers:
            layer.trainable = block in part
    for layer in network.embeddings:
        layer.trainable = False
    if part[0] is not network.blocks[0]:
        before = keras.models.clone_model(keras.Model(start, given), clone_function=_at_inference)
        start, given = before.input, before.output
    encoder = keras.Model(part[0].inputs, part[-1].outputs)
    codes = encoder.call(_disturbed(given, noise, seed))
    decoded = mirror(part, codes, seed)
    error = ReconstructionError(name="error", dtype="float32")([given, decoded])
    return keras.Model(start, error, name="autoencoder")


def error_itself(_targets: Any, errors: Any) -> Any:
    """The loss of an autoencoder: its output, (B, 1) → (B,)."""
    return ops.mean(errors, axis=-1)


def _disturbed(tensor: Any, noise: Kind, seed: int) -> Any:
    if type(noise) not in DROPOUTS:
        return tensor
    return build_dropout(noise, Names(seed), "pretraining_noise")(tensor)


def _at_inference(layer: keras.layers.Layer) -> keras.layers.Layer:
    """The layer with its behaviour at inference, if it is random in training; any other layer unchanged."""
    if isinstance(layer, RReLU):
        return keras.layers.LeakyReLU((layer.lower + layer.upper) / 2, name=layer.name)
    return keras.layers.Identity(name=layer.name) if isinstance(layer, NOISES) else layer
