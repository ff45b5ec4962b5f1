"""Reuse: the weights of a pretrained network's layers, copied into a fresh network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from dnnctl.builder.front import core_of, has_front
from dnnctl.builder.keras_file import open_keras
from dnnctl.builder.model import Block, Network, build_network
from dnnctl.builder.output import Head
from dnnctl.builder.scaling import SCALING
from dnnctl.builder.source_activation import activation_of
from dnnctl.builder.table_transfer import rescaling_between
from dnnctl.errors import Fault, RunError, SpecError
from dnnctl.specs.data import Data
from dnnctl.specs.experiment import Spec
from dnnctl.specs.reuse import Reuse
from dnnctl.store.encoding import TableEncoding
from dnnctl.text import format_count

WHERE = "model.reuse.layers"
SCALING_LAYERS = (keras.layers.Normalization, keras.layers.Rescaling)


@dataclass(frozen=True)
class Transfer:
    """What a network has copied from a pretrained one."""

    blocks: list[str]
    """The names of the embeddings and blocks that have its weights."""
    own_scaling: str | None
    """How the pretrained network's own first layer scales: `none`, `unit` or `standardize`. None if it has no such
    layer: the inputs are scaled as `data.scaling` states."""
    matched: list[tuple[str, str]]
    """The pretrained network's layer and the new network's, for each layer that was copied."""


def load_pretrained(path: Path) -> keras.Model:
    """A pretrained network from a .keras file, loaded in safe mode.

    Raises:
        RunError: it is damaged, or contains objects that safe mode rejects.
    """
    try:
        return open_keras(path, compile=False)
    except RunError as error:
        raise RunError(f"model.reuse.run: {error}") from None


def build_from(
    spec: Spec,
    head: Head,
    inputs: NDArray[np.generic],
    source: keras.Model,
    *,
    encoding: TableEncoding | None = None,
) -> tuple[Network, Transfer]:
    """The network of a spec, with the weights that it reuses from a pretrained network.

    Args:
        encoding: how the inputs were encoded, if they are the rows of a table.

    Raises:
        SpecError: the two networks differ in the layers that are reused, or in how their inputs are scaled.
    """
    reuse = spec.model.reuse
    assert reuse != "none"
    core = core_of(source)
    check_scaling_is_first(core)
    if isinstance(reuse.layers, list):
        network = build_network(spec, head, inputs, encoding=encoding)
        if network.weighted_blocks and not {network.weighted_blocks[0].name, *_names(network)} & set(reuse.layers):
            return network, transfer_weights(core, network, reuse)
    scaling = pretrained_scaling(source, reuse, spec.data) if encoding is None else rescaling_between(encoding, source)
    network = build_network(spec, head, inputs, scaling=scaling, encoding=encoding)
    return network, transfer_weights(core, network, reuse)


def check_scaling_is_first(source: keras.Model) -> None:
    """Reject a pretrained network that scales after its first layer, because those layers would not be copied. Layers
    after its output may scale: they are not reused.

    Raises:
        SpecError: a scaling layer is not the first layer.
    """
    layers = _without_input(source)
    n_layers = max((place for place, layer in enumerate(layers, 1) if _has_own_weights(layer)), default=0)
    late = [layer for layer in layers[1:n_layers] if isinstance(layer, SCALING_LAYERS)]
    if late:
        rule = f"the pretrained network scales in {late[0].name}, which is not its first layer"
        hint = "Reuse a network whose only scaling layer is its first layer."
        raise SpecError([Fault(rule, "model.reuse.run", received=type(late[0]).__name__, hint=hint)])


def pretrained_scaling(source: keras.Model, reuse: Reuse, data: Data) -> list[keras.layers.Layer] | None:
    """Copies of the source's scaling layers, for the new network; None if the inputs are scaled as the spec states.

    Raises:
        SpecError: the spec scales differently, or does not state how the inputs of a file without scaling were scaled;
            or the pretrained network takes the columns of a table.
    """
    if has_front(source):
        rule = "the pretrained network was trained on a table, but these data are not a table"
        hint = "Reuse another network, or name only later layers in `model.reuse.layers`."
        raise SpecError([Fault(rule, "model.reuse.run", hint=hint)])
    found = source_scaling(source)
    if found is None and reuse.run.endswith(".keras"):
        if "scaling" not in data.model_fields_set:
            rule = "the pretrained network has no scaling layer, so the spec must state how its inputs were scaled"
            hint = "Write `scaling: none`, `unit` or `standardize`, as the network was trained."
            raise SpecError([Fault(rule, "data.scaling", hint=hint)])
        return None
    kind = _kind(found)
    if kind != data.array_scaling:
        rule = "the pretrained network was trained on inputs that were scaled differently"
        raise SpecError([Fault(rule, "data.scaling", received=data.array_scaling, hint=f"Write `scaling: {kind}`.")])
    if found is None or kind == "none":
        return None
    return [_copy_of(found)]


def source_scaling(source: keras.Model) -> keras.layers.Layer | None:
    """The scaling layer with which a pretrained network begins, if it has one."""
    first = next(iter(_without_input(source)), None)
    return first if isinstance(first, SCALING_LAYERS) else None


def copy_scaling(model: keras.Model) -> list[keras.layers.Layer]:
    """Copies of the layers that scale a model's inputs."""
    return [_copy_of(layer) for layer in model.layers if layer.name == SCALING]


def _copy_of(layer: keras.layers.Layer) -> keras.layers.Layer:
    copy = type(layer).from_config({**layer.get_config(), "name": SCALING, "dtype": "float32"})
    if layer.weights:
        copy.build(layer.input.shape)
        copy.set_weights(layer.get_weights())
    return copy


def transfer_weights(source: keras.Model, network: Network, reuse: Reuse) -> Transfer:
    """Copy the weights that `reuse` names into a network.

    Raises:
        SpecError: a layer is missing, or its weights' shapes or its activation differ.
    """
    blocks = _chosen(source, network, reuse)
    embeddings = _chosen_embeddings(network, blocks, reuse)
    if not blocks and not embeddings:
        nothing = "nothing would be reused: the pretrained network has no layers with weights before its last one"
        raise SpecError([Fault(nothing, WHERE, hint="Reuse another network, or remove `reuse`.")])
    layers = [layer for layer in network.model.layers if layer.weights and any(layer in b.layers for b in blocks)]
    by_name = {layer.name: layer for layer in _leaves(source)}
    targets = [*embeddings, *layers]
    givers = [*(by_name.get(layer.name) for layer in embeddings), *_givers(source, network, layers, reuse)]
    faults = [
        Fault(rule, WHERE, hint="Make the layers the same, or reuse fewer of them.")
        for layer, giver in zip(targets, givers, strict=True)
        if (rule := _misfit(layer, giver)) is not None
    ]
    if faults:
        raise SpecError(faults[:3])
    for layer, giver in zip(targets, givers, strict=True):
        assert giver is not None
        layer.set_weights(giver.get_weights())
    matched = [(giver.name, layer.name) for layer, giver in zip(targets, givers, strict=True) if giver is not None]
    own = source_scaling(source)
    names = [*(layer.name for layer in embeddings), *(block.name for block in blocks)]
    return Transfer(names, None if own is None else _kind(own), matched)


def _givers(
    source: keras.Model, network: Network, targets: Sequence[keras.layers.Layer], reuse: Reuse
) -> list[keras.layers.Layer | None]:
    """For each layer, the layer of the source from which it gets its weights: by name, or in order."""
    if isinstance(reuse.layers, list):
        by_name = {layer.name: layer for layer in _leaves(source)}
        return [by_name.get(layer.name) for layer in targets]
    weighted = _weighted(source, network)
    return [*weighted[: len(targets)], *[None] * (len(targets) - len(weighted))]


def _chosen(source: keras.Model, network: Network, reuse: Reuse) -> list[Block]:
    """The blocks that get weights."""
    there = network.weighted_blocks
    listed = ", ".join(block.name for block in there)
    if isinstance(reuse.layers, list):
        known = [*_names(network), *(block.name for block in there)]
        unknown = [name for name in reuse.layers if name not in known]
        if unknown:
            rule = f"there is no layer with weights called '{unknown[0]}'"
            raise SpecError([Fault(rule, WHERE, hint=f"Allowed: {', '.join(known)}.")])
        return [block for block in there if block.name in reuse.layers]
    if reuse.layers == "all_but_last":
        return _covered(there, len(_weighted(source, network)) - 1)
    if reuse.layers > len(there):
        rule = f"this network has {format_count(len(there), 'layer')} with weights before its output ({listed})"
        raise SpecError([Fault(rule, WHERE, received=str(reuse.layers), hint="Reuse fewer of them.")])
    return there[: reuse.layers]


def _covered(there: Sequence[Block], n_layers: int) -> list[Block]:
    """The first blocks, enough for `n_layers` layers with weights."""
    counts = [sum(bool(layer.weights) for layer in block.layers) for block in there]
    for n_blocks in range(len(there) + 1):
        if sum(counts[:n_blocks]) >= n_layers:
            return list(there[:n_blocks])
    theirs = f"{format_count(n_layers, 'layer')} with weights"
    rule = f"the pretrained network has {theirs} before its last one, this one has {sum(counts)}"
    raise SpecError([Fault(rule, WHERE, hint="Add layers, or set the number of layers to reuse.")])


def _misfit(layer: keras.layers.Layer, giver: keras.layers.Layer | None) -> str | None:
    """Why a layer cannot take another's weights."""
    if giver is None:
        return f"the pretrained network has no layer for {layer.name}"
    shapes = [tuple(weight.shape) for weight in layer.weights], [tuple(weight.shape) for weight in giver.weights]
    if type(layer).__name__ != type(giver).__name__ or shapes[0] != shapes[1]:
        return f"{layer.name} is {_describe(layer)}, but {giver.name} of the pretrained network is {_describe(giver)}"
    ours, theirs = activation_of(layer), activation_of(giver)
    if ours is not None and theirs is not None and ours != theirs:
        return f"{layer.name} has the activation {ours}, but {giver.name} of the pretrained network has {theirs}"
    return None


def _describe(layer: keras.layers.Layer) -> str:
    shapes = " and ".join(" × ".join(map(str, weight.shape)) or "1" for weight in layer.weights)
    return f"{type(layer).__name__} with weights of {shapes}"


def _chosen_embeddings(network: Network, blocks: Sequence[Block], reuse: Reuse) -> list[keras.layers.Layer]:
    """The embeddings that get weights: those that the spec names, and all of them with the first block."""
    is_with_first = bool(blocks) and blocks[0] is network.weighted_blocks[0]
    named = reuse.layers if isinstance(reuse.layers, list) else []
    return [layer for layer in network.embeddings if is_with_first or layer.name in named]


def _names(network: Network) -> list[str]:
    """The names of the embeddings."""
    return [layer.name for layer in network.embeddings]


def _weighted(source: keras.Model, network: Network) -> list[keras.layers.Layer]:
    """The layers of the source that have weights, in order, without scaling layers and the network's embeddings."""
    return [layer for layer in _leaves(source) if _has_own_weights(layer) and layer.name not in _names(network)]


def _has_own_weights(layer: keras.layers.Layer) -> bool:
    return bool(layer.weights) and not isinstance(layer, SCALING_LAYERS)


def _without_input(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in _leaves(model) if not isinstance(layer, keras.layers.InputLayer)]


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of a model; a nested model is replaced by its layers."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _kind(layer: keras.layers.Layer | None) -> str:
    """The word of `data.scaling` for a layer that scales."""
    if isinstance(layer, keras.layers.Normalization):
        return "standardize"
    is_unit = isinstance(layer, keras.layers.Rescaling) and not (layer.scale == 1.0 and layer.offset == 0.0)
    return "unit" if is_unit else "none"
