"""A generator, and a discriminator made of a network's blocks and a head.

Shapes: B is the batch, K the number of codings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras

from dnnctl.builder.decoder import mirror
from dnnctl.builder.model import Network
from dnnctl.seeds import derive_seed


@dataclass(frozen=True)
class GanNetworks:
    """The two networks of a generative adversarial network."""

    scale: keras.Model
    """Raw inputs (B, …) → scaled inputs (B, …)."""
    discriminator: keras.Model
    """Scaled inputs (B, …) → (B, 1), the logit that they are real."""
    generator: keras.Model
    """Codings (B, K) → scaled inputs (B, …)."""


def build_gan(network: Network, n_codings: int, *, scaling: str, seed: int) -> GanNetworks:
    """Both networks, for pretraining a network that shares its blocks with the discriminator."""
    blocks = network.blocks
    first, last = blocks[0].inputs, blocks[-1].outputs
    logit = keras.layers.Dense(
        1, kernel_initializer=keras.initializers.GlorotUniform(derive_seed(seed, "logit")), name="logit"
    )
    body = keras.Model(first, last)
    scaled = keras.Input(first.shape[1:], dtype=first.dtype, name="scaled")
    discriminator = keras.Model(scaled, logit(body.call(scaled)), name="discriminator")
    return GanNetworks(
        keras.Model(network.model.input, first, name="scale"),
        discriminator,
        _generator(network, n_codings, scaling, seed),
    )


def _generator(network: Network, n_codings: int, scaling: str, seed: int) -> keras.Model:
    """A dense layer and the mirror image of the blocks. With `unit` scaling, it ends in a sigmoid."""
    shape = network.blocks[-1].outputs.shape[1:]
    codings = keras.Input((n_codings,), name="codings")
    dense = keras.layers.Dense(
        math.prod(shape),
        activation="relu",
        kernel_initializer=keras.initializers.HeNormal(derive_seed(seed, "generator")),
        name="generator",
    )
    tensor: Any = dense(codings)
    made = mirror(network.blocks, tensor, seed, output="sigmoid" if scaling == "unit" else "linear")
    return keras.Model(codings, made, name="generator")
