"""From the `model` section to a plain Keras model.

Shapes: B is the batch; the input is (B, …) raw, the output (B, units).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dnnctl.builder.activation import build_activation
from dnnctl.builder.convolution import check_convolution
from dnnctl.builder.embedding import embed
from dnnctl.builder.layer import build_plain, build_weighted, inherit
from dnnctl.builder.names import Names
from dnnctl.builder.output import OUTPUT, Head, build_output
from dnnctl.builder.scaling import SCALING, build_scaling
from dnnctl.errors import Fault, SpecError
from dnnctl.specs.activation import LINEAR
from dnnctl.specs.axes import axis_problem
from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind
from dnnctl.specs.layer import BatchNorm, Conv2D, GlobalPool, LayerNorm, Pool, Residual, WeightedLayer
from dnnctl.specs.model import Defaults
from dnnctl.specs.path import Path, dotted
from dnnctl.store.encoding import TableEncoding

MODEL = "model"
"""The name of the network."""
FLAT = 2
IMAGE = 4
"""Numbers of axes, including the batch axis."""


@dataclass(frozen=True)
class Block:
    """A layer of the spec after building, with its normalization, activation and dropout."""

    name: str
    """`dense_1`, `residual_2`, …"""
    inputs: Any
    """Its inputs, (B, …)."""
    outputs: Any
    """Its outputs, (B, …)."""
    layers: Sequence[keras.layers.Layer]
    spec: Kind
    """With all values that it inherits from the defaults."""

    @property
    def has_weights(self) -> bool:
        """Whether anything in it has weights."""
        return any(layer.weights for layer in self.layers)


@dataclass(frozen=True)
class Network:
    """A model, and the blocks between its scaled inputs and its output layer."""

    model: keras.Model
    blocks: Sequence[Block]
    trainable: Sequence[tuple[keras.Variable, str]]
    """Every variable that training can change, in the order of the model, with the name of its embedding or block, or
    `output`."""
    embeddings: Sequence[keras.layers.Embedding] = ()
    """The learned embeddings of a table's categories. The first block gets their outputs."""

    @property
    def weighted_blocks(self) -> list[Block]:
        """The blocks that have weights."""
        return [block for block in self.blocks if block.has_weights]


def build_network(
    spec: Spec,
    head: Head,
    inputs: NDArray[np.generic],
    *,
    scaling: Sequence[keras.layers.Layer] | None = None,
    encoding: TableEncoding | None = None,
) -> Network:
    """The network of a spec, for the training inputs (N, …), with fresh weights.

    Args:
        scaling: layers that scale the inputs; by default, new ones are fitted to these inputs.
        encoding: how the inputs were encoded, if they are the rows of a table. By default, they are not scaled again.

    Raises:
        SpecError: a layer does not fit what comes before it.
    """
    keras.config.set_dtype_policy(spec.runtime.precision)
    names = Names(spec.seed)
    tensor = start = keras.Input(inputs.shape[1:], dtype=inputs.dtype.name, name="inputs")
    embeddings: Sequence[keras.layers.Embedding] = ()
    if scaling is None:
        scaling = build_scaling(spec.data.scaling, inputs) if encoding is None else []
    tensor = _chain(scaling, tensor)
    if encoding is not None:
        tensor, embeddings = embed(encoding, tensor, names)
    blocks = _Stack(names, spec.model.defaults).apply(spec.model.layers, tensor, ("model", "layers"))
    tensor = blocks[-1].outputs
    if len(tensor.shape) != FLAT:
        rule = f"the output layer gets {_shape(tensor)}, but needs one row of values per example"
        last = dotted(("model", "layers", len(spec.model.layers) - 1))
        raise SpecError([Fault(rule, last, hint="Add `flatten` or `global_average_pool`.")])
    inverse = head.target_scaling.layers() if head.target_scaling else []
    model = keras.Model(start, _chain([build_output(spec, head, names), *inverse], tensor), name=MODEL)
    owners = {id(each): block.name for block in blocks for layer in block.layers for each in layer.trainable_variables}
    owners |= {id(each): layer.name for layer in embeddings for each in layer.trainable_variables}
    trainable = [(each, owners.get(id(each), OUTPUT)) for each in model.trainable_variables]
    return Network(model, blocks, trainable, embeddings)


def build_model(spec: Spec, head: Head, inputs: NDArray[np.generic]) -> keras.Model:
    """Only the model of a network."""
    return build_network(spec, head, inputs).model


@dataclass
class _Stack:
    """Applies layers in order. Each error has the path of its layer."""

    names: Names
    defaults: Defaults

    def apply(self, layers: Sequence[Kind], tensor: Any, path: Path) -> list[Block]:
        blocks: list[Block] = []
        for index, spec in enumerate(layers):
            next_one = layers[index + 1] if index + 1 < len(layers) else None
            n_times = getattr(spec, "repeat", 1)
            for time in range(n_times):
                following = next_one if time == n_times - 1 else spec
                blocks.append(self._apply_one(spec, tensor, (*path, index), following))
                tensor = blocks[-1].outputs
        return blocks

    def _apply_one(self, spec: Kind, given: Any, path: Path, following: Kind | None) -> Block:
        channels = self._channels(spec, given)
        tensor = _chain(channels, given)
        n_axes = len(tensor.shape)
        if isinstance(spec, Conv2D | Pool | GlobalPool) and n_axes != IMAGE:
            rule = f"{spec.kind} needs images, but gets {_shape(tensor)}"
            raise SpecError([Fault(rule, dotted(path), hint="Put it before `flatten`, or add a `reshape`.")])
        if isinstance(spec, Residual):
            return self._residual(spec, given, path)
        if isinstance(spec, WeightedLayer):
            spec = inherit(spec, self.defaults)
        problem = axis_problem(spec.axis, n_axes) if isinstance(spec, BatchNorm | LayerNorm) else ""
        if problem:
            raise SpecError([Fault(problem, dotted((*path, "axis")))])
        try:
            if isinstance(spec, WeightedLayer):
                layers = build_weighted(spec, self.names, n_axes=n_axes, following=following)
            else:
                layers = [build_plain(spec, self.names, n_axes=n_axes)]
            outputs = _check(_chain(layers, tensor), spec, path)
            if isinstance(spec, Conv2D):
                check_convolution(spec, outputs, path)
        except (ValueError, TypeError) as error:
            reason = _first_reason(str(error))
            rule = f"{spec.kind} does not fit its input, {_shape(tensor)}: {reason}"
            raise SpecError([Fault(rule, dotted(path))]) from error
        return Block(layers[0].name, given, outputs, (*channels, *layers), spec)

    def _channels(self, spec: Kind, tensor: Any) -> list[keras.layers.Layer]:
        """Images without a channel axis get one before the first layer that needs it: (B, H, W) → (B, H, W, 1)."""
        if isinstance(spec, Conv2D | Pool | GlobalPool) and len(tensor.shape) == IMAGE - 1:
            return [keras.layers.Reshape((*tensor.shape[1:], 1), name=self.names.next("channels"))]
        return []

    def _residual(self, spec: Residual, given: Any, path: Path) -> Block:
        layers = self._channels(spec.layers[0], given) if isinstance(spec.layers[0], Conv2D) else []
        tensor = _chain(layers, given)
        name = self.names.next("residual")
        branch = self.apply(spec.layers, tensor, (*path, "layers"))
        layers += [layer for block in branch for layer in block.layers]
        shortcut = self._shortcut(tensor, branch[-1].outputs, name, path)
        layers += shortcut
        layers.append(keras.layers.Add(name=f"{name}_add"))
        outputs = layers[-1]([_chain(shortcut, tensor), branch[-1].outputs])
        if spec.activation != LINEAR:
            layers.append(
                build_activation(spec.activation, self.names, f"{name}_activation", n_axes=len(outputs.shape))
            )
            outputs = layers[-1](outputs)
        return Block(name, given, outputs, tuple(layers), spec)

    def _shortcut(self, tensor: Any, branch: Any, name: str, path: Path) -> list[keras.layers.Layer]:
        """The layers that project the block's input to the shape of the branch; none if the shapes are equal."""
        if tensor.shape == branch.shape:
            return []
        seed = self.names.seed_of(f"{name}/shortcut")
        arguments: dict[str, Any] = {
            "use_bias": False,
            "kernel_initializer": keras.initializers.GlorotUniform(seed),
            "name": f"{name}_shortcut",
        }
        if len(tensor.shape) == len(branch.shape) == FLAT:
            return [keras.layers.Dense(branch.shape[-1], **arguments)]
        if len(tensor.shape) == len(branch.shape) == IMAGE:
            strides = [-(-before // after) for before, after in zip(tensor.shape[1:3], branch.shape[1:3], strict=True)]
            # The pool selects the pixels: TensorFlow computes strided 1 × 1 kernels incorrectly (see convolution.py).
            selection = keras.layers.MaxPooling2D(1, strides=strides, name=f"{name}_shortcut_pixels")
            projection = keras.layers.Conv2D(branch.shape[-1], 1, **arguments)
            if projection.compute_output_shape(selection.compute_output_shape(tensor.shape)) == branch.shape:
                return [projection] if strides == [1, 1] else [selection, projection]
        rule = f"a branch that turns {_shape(tensor)} into {_shape(branch)} cannot be added to its input"
        raise SpecError([Fault(rule, dotted(path), hint="Use `padding: same`, and strides that divide the size.")])


def _chain(layers: Sequence[keras.layers.Layer], tensor: Any) -> Any:
    """The tensor after all layers."""
    for layer in layers:
        tensor = layer(tensor)
    return tensor


def _first_reason(message: str) -> str:
    """The line of a Keras message that states the reason, without traceback and colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", message)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    reasons = [line for line in lines if not line.startswith(("Exception encountered", "Arguments received"))]
    return (reasons or lines or ["unknown"])[0].rstrip(".")


def _check(tensor: Any, spec: Kind, path: Path) -> Any:
    function = getattr(spec, "function", getattr(spec, "activation", LINEAR))
    if tensor.shape[-1] == 1 and function.kind == "softmax":
        rule = "a softmax over one value is always 1"
        raise SpecError([Fault(rule, dotted(path), hint="Use another activation, or more than one unit.")])
    if 0 in tensor.shape[1:]:
        rule = f"the image is empty after {spec.kind}: {_shape(tensor)}"
        raise SpecError([Fault(rule, dotted(path), hint="Use a smaller window or `padding: same`.")])
    return tensor


def _shape(tensor: Any) -> str:
    return " × ".join(str(size) for size in tensor.shape[1:])


def count_parameters(model: keras.Model) -> tuple[int, int]:
    """The number of parameters and of trainable parameters, without the statistics of the scaling layer."""
    scaling = {id(weight) for layer in model.layers if layer.name == SCALING for weight in layer.weights}
    total = sum(int(np.prod(weight.shape)) for weight in model.weights if id(weight) not in scaling)
    return total, sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
