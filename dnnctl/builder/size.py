"""The size of a network from its spec and the shape of its inputs, before anything is built.

It counts what can become large: the kernels of dense layers and convolutions, and the outputs of these layers, which
training keeps for the gradients. It is therefore slightly less than what the network takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

from dnnctl.builder.convolution import pair
from dnnctl.builder.embedding import embedding_width
from dnnctl.builder.output import Head
from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind
from dnnctl.specs.layer import Conv2D, Dense, Flatten, GlobalPool, Pool, Reshape, Residual
from dnnctl.specs.pretraining import Gan
from dnnctl.store.encoding import TableEncoding

Shape: TypeAlias = tuple[int, ...]
IMAGE = 3
"""The number of axes of an image, without that of the batch."""


@dataclass
class NetworkSize:
    """Numbers of values."""

    kernels: int = 0
    """In the kernels of all layers, and in embeddings."""
    outputs: int = 0
    """In the outputs of layers with kernels, for one example."""


class DoesNotFitError(Exception):
    """A layer does not fit its input. Building the network reports which one, and why."""


def network_size(spec: Spec, head: Head, shape: Shape, encoding: TableEncoding | None = None) -> NetworkSize:
    """The size of a network for inputs (B, *shape).

    Args:
        encoding: how the inputs were encoded, if they are the rows of a table.

    If a layer does not fit its input, only the layers before it are counted.
    """
    size = NetworkSize()
    for column in encoding.columns if encoding else ():
        if column.is_embedded:
            width = embedding_width(column.n_slots)
            size.kernels += column.n_slots * width
            shape = (shape[0] - 1 + width,)
    try:
        shape = _add(spec.model.layers, shape, size)
    except DoesNotFitError:
        return size
    output = spec.model.output
    units = head.units if output == "auto" or output.units == "auto" else output.units
    _count(size, shape[-1] * units, (units,))
    if isinstance(spec.training.pretraining, Gan):
        size.kernels += spec.training.pretraining.codings * prod(shape)
    return size


def _add(layers: Sequence[Kind], shape: Shape, size: NetworkSize) -> Shape:
    """Count layers; return the shape of their output."""
    for layer in layers:
        for _ in range(getattr(layer, "repeat", 1)):
            shape = _add_one(layer, shape, size)
    return shape


def _add_one(layer: Kind, shape: Shape, size: NetworkSize) -> Shape:
    if isinstance(layer, Dense):
        return _count(size, shape[-1] * layer.units, (*shape[:-1], layer.units))
    if isinstance(layer, Flatten):
        return (prod(shape),)
    if isinstance(layer, Reshape):
        if prod(layer.shape) != prod(shape):
            raise DoesNotFitError
        return tuple(layer.shape)
    if isinstance(layer, Residual):
        shape = (*shape, 1) if isinstance(layer.layers[0], Conv2D) and len(shape) == IMAGE - 1 else shape
        after = _add(layer.layers, shape, size)
        if after != shape:
            size.kernels += shape[-1] * after[-1]
        return after
    return _add_spatial(layer, shape, size) if isinstance(layer, Conv2D | Pool | GlobalPool) else shape


def _add_spatial(layer: Conv2D | Pool | GlobalPool, shape: Shape, size: NetworkSize) -> Shape:
    image = (*shape, 1) if len(shape) == 2 else shape
    if len(image) != 3:
        raise DoesNotFitError
    if isinstance(layer, GlobalPool):
        return image[-1:]
    pixels = _pixels(layer, image)
    if isinstance(layer, Pool):
        return (*pixels, image[-1])
    return _count(size, prod(pair(layer.kernel_size)) * image[-1] * layer.filters, (*pixels, layer.filters))


def _count(size: NetworkSize, kernel: int, shape: Shape) -> Shape:
    """Count a layer with a kernel and an output."""
    size.kernels += kernel
    size.outputs += prod(shape)
    return shape


def _pixels(layer: Conv2D | Pool, image: Shape) -> Shape:
    """The height and width after a convolution or a pool."""
    window = pair(layer.kernel_size if isinstance(layer, Conv2D) else layer.size)
    strides = window if layer.strides == "auto" else pair(layer.strides)
    dilation = pair(layer.dilation) if isinstance(layer, Conv2D) else (1, 1)
    room = [
        now if layer.padding == "same" else now - (width - 1) * step
        for now, width, step in zip(image, window, dilation, strict=False)
    ]
    if min(room) < 1:
        raise DoesNotFitError
    return tuple(-(-now // stride) for now, stride in zip(room, strides, strict=True))
