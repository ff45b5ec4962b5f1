"""The mirror image of a network's blocks: layers that map the outputs of the blocks back to their inputs.

Shapes: B is the batch, H and W an image's height and width, C its channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras

from dnnctl.builder.activation import build_activation
from dnnctl.builder.initializer import build_initializer
from dnnctl.builder.model import Block
from dnnctl.builder.names import Names
from dnnctl.specs.activation import LINEAR
from dnnctl.specs.field import Kind
from dnnctl.specs.layer import Residual, WeightedLayer
from dnnctl.specs.model import GLOROT_UNIFORM

IMAGE = 3
"""The number of axes of an image, without the batch axis."""
FLAT = 2
"""The number of axes of rows of values, with the batch axis."""
KERNEL_SIZE = 3


def mirror(blocks: Sequence[Block], codes: Any, seed: int, *, output: str = "linear") -> Any:
    """Inverts the blocks, last one first, for codes of the shape of the last block's outputs.

    A block with weights becomes a dense layer or, for images, a convolution. Its
    activation is that of the block before it, and for the first block `output`. Reshaping inverts reshaping, and
    upsampling inverts pooling.
    """
    names = Names(seed)
    tensor = codes
    for place in range(len(blocks) - 1, -1, -1):
        block = blocks[place]
        before = next((each for each in reversed(blocks[:place]) if each.has_weights), None)
        tensor = _undo(block, tensor, before, names, output)
    return tensor


def _undo(block: Block, tensor: Any, before: Block | None, names: Names, output: str) -> Any:
    wanted = block.inputs.shape[1:]
    if not block.has_weights:
        return _reshape(tensor, wanted, f"decoder_{block.name}")
    name = f"decoder_{block.name}"
    initializer = _of_weighted(block.spec, "initializer", GLOROT_UNIFORM)
    kernel = build_initializer(initializer, names.seed_of(f"{name}/kernel"))
    if len(tensor.shape) - 1 == IMAGE:
        size = wanted if len(wanted) == IMAGE else (*wanted, 1)
        tensor = _enlarge(tensor, size, name)
        tensor = keras.layers.Conv2D(size[-1], KERNEL_SIZE, padding="same", kernel_initializer=kernel, name=name)(
            tensor
        )
    else:
        is_by_row = tensor.shape[1:-1] == wanted[:-1]
        if not is_by_row and len(tensor.shape) > FLAT:
            tensor = keras.layers.Flatten(name=f"{name}_flat")(tensor)
        units = wanted[-1] if is_by_row else math.prod(wanted)
        tensor = keras.layers.Dense(units, kernel_initializer=kernel, name=name)(tensor)
    if before is not None:
        activation = _of_weighted(before.spec, "activation", LINEAR)
        if activation != LINEAR:
            layer = build_activation(activation, names, f"{name}_activation", n_axes=len(tensor.shape))
            tensor = layer(tensor)
    elif output != "linear":
        tensor = keras.layers.Activation(output, name=f"{name}_activation")(tensor)
    return _reshape(tensor, wanted, f"{name}_shape")


def _of_weighted(spec: Kind, key: str, default: Kind) -> Any:
    """A key of a dense or convolutional layer, or of the first such layer in a residual block."""
    if isinstance(spec, Residual):
        return _of_weighted(spec.layers[0], key, default)
    value = getattr(spec, key) if isinstance(spec, WeightedLayer) else default
    return default if value.kind == "inherit" else value


def _reshape(tensor: Any, wanted: tuple[int, ...], name: str) -> Any:
    """The tensor (B, …) as (B, *wanted)."""
    have = tensor.shape[1:]
    if have == wanted:
        return tensor
    if math.prod(have) == math.prod(wanted):
        return keras.layers.Reshape(wanted, name=name)(tensor)
    if len(have) == 1 and have[0] == wanted[-1]:  # a mean over the image, (B, C)
        tensor = keras.layers.Reshape((1, 1, have[0]), name=name)(tensor)
    return _enlarge(tensor, wanted, name)


def _enlarge(tensor: Any, wanted: tuple[int, ...], name: str) -> Any:
    """Images (B, h, w, C) enlarged to H × W by repeating each value."""
    factors = [-(-size // now) for size, now in zip(wanted[:2], tensor.shape[1:3], strict=True)]
    if factors != [1, 1]:
        tensor = keras.layers.UpSampling2D(factors, name=f"{name}_enlarged")(tensor)
    surplus = [now - size for size, now in zip(wanted[:2], tensor.shape[1:3], strict=True)]
    if surplus != [0, 0]:
        cropping = [(extra // 2, extra - extra // 2) for extra in surplus]
        tensor = keras.layers.Cropping2D(cropping, name=f"{name}_cropped")(tensor)
    return tensor
