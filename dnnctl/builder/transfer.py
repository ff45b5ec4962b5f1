"""Reuse: the weights of a trained network's layers, copied into a fresh one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from zipfile import is_zipfile

import keras

import dnnctl.layers  # noqa: F401  (registers the layers that Keras lacks)
from dnnctl.builder.model import Block, Network
from dnnctl.errors import Fault, RunError, SpecError
from dnnctl.specs.reuse import Reuse

WHERE = "model.reuse.layers"
SCALING_LAYERS = (keras.layers.Normalization, keras.layers.Rescaling)


def load_pretrained(path: Path) -> keras.Model:
    """A trained network from a .keras file, loaded in safe mode.

    Raises:
        RunError: it is damaged, or holds what safe mode does not load.
    """
    rule = "model.reuse.run: this is no network that Keras loads in safe mode"
    if not is_zipfile(path):
        raise RunError(f"{rule}: the file is damaged, or no .keras file.")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise RunError(f"{rule}: {str(error).strip().splitlines()[0]}") from None


def pretrained_scaling(source: keras.Model, reuse: Reuse, scaling: str) -> list[keras.layers.Layer] | None:
    """The layers that scaled the source's inputs, for the new network's; none where its first layers are not taken.

    Raises:
        SpecError: the spec scales in another way, which the reused layers have not been trained for.
    """
    if isinstance(reuse.layers, list):
        return None
    found = next((layer for layer in _leaves(source) if not isinstance(layer, keras.layers.InputLayer)), None)
    if not isinstance(found, SCALING_LAYERS):
        found = None
    kind = _kind(found)
    if kind != scaling:
        rule = "the network that is reused was trained on inputs scaled otherwise"
        raise SpecError([Fault(rule, "data.scaling", received=scaling, hint=f"Write `scaling: {kind}`.")])
    if found is None or kind == "none":
        return None
    return [_copy_of(found)]


def copy_scaling(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that scale a model's inputs, as layers of their own."""
    return [_copy_of(layer) for layer in model.layers if isinstance(layer, SCALING_LAYERS)]


def _copy_of(layer: keras.layers.Layer) -> keras.layers.Layer:
    copy = type(layer).from_config({**layer.get_config(), "name": "scaling", "dtype": "float32"})
    if layer.weights:
        copy.build(layer.input.shape)
        copy.set_weights(layer.get_weights())
    return copy


def transfer_weights(source: keras.Model, network: Network, reuse: Reuse) -> list[str]:
    """Copy the weights that `reuse` names into a network; returns the names of the blocks that have them now.

    Raises:
        SpecError: a layer is not there, or its weights have another shape.
    """
    blocks = _chosen(source, network, reuse)
    if not blocks:
        nothing = "nothing would be reused: the network has no layers with weights before its last one"
        raise SpecError([Fault(nothing, WHERE, hint="Reuse another network, or none.")])
    targets = [layer for layer in network.model.layers if layer.weights and any(layer in b.layers for b in blocks)]
    if isinstance(reuse.layers, list):
        by_name = {layer.name: layer for layer in _leaves(source)}
        givers = [by_name.get(layer.name) for layer in targets]
    else:
        weighted = _weighted(source)
        givers = [*weighted[: len(targets)], *[None] * (len(targets) - len(weighted))]
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
    return [block.name for block in blocks]


def _chosen(source: keras.Model, network: Network, reuse: Reuse) -> list[Block]:
    """The blocks that are to get weights."""
    there = network.weighted_blocks
    listed = ", ".join(block.name for block in there)
    if isinstance(reuse.layers, list):
        unknown = [name for name in reuse.layers if name not in [block.name for block in there]]
        if unknown:
            rule = f"there is no layer with weights called '{unknown[0]}'"
            raise SpecError([Fault(rule, WHERE, hint=f"Allowed: {listed}.")])
        return [block for block in there if block.name in reuse.layers]
    if reuse.layers == "all_but_last":
        return _covered(there, len(_weighted(source)) - 1)
    if reuse.layers > len(there):
        rule = f"this network has {len(there)} layers with weights before its output ({listed})"
        raise SpecError([Fault(rule, WHERE, received=str(reuse.layers), hint="Reuse fewer of them.")])
    return there[: reuse.layers]


def _covered(there: Sequence[Block], n_layers: int) -> list[Block]:
    """The first blocks, so many that each of the source's layers has a place."""
    counts = [sum(bool(layer.weights) for layer in block.layers) for block in there]
    for n_blocks in range(len(there) + 1):
        if sum(counts[:n_blocks]) >= n_layers:
            return list(there[:n_blocks])
    rule = f"all but the last of the network's layers are {n_layers} with weights, this one has room for {sum(counts)}"
    raise SpecError([Fault(rule, WHERE, hint="Add layers, or say how many are to be reused.")])


def _misfit(layer: keras.layers.Layer, giver: keras.layers.Layer | None) -> str | None:
    """Why a layer cannot take another's weights."""
    if giver is None:
        return f"the network that is reused has nothing for {layer.name}"
    shapes = [tuple(weight.shape) for weight in layer.weights], [tuple(weight.shape) for weight in giver.weights]
    if type(layer).__name__ != type(giver).__name__ or shapes[0] != shapes[1]:
        return f"{layer.name} is {_describe(layer)}, {giver.name} of the network that is reused is {_describe(giver)}"
    return None


def _describe(layer: keras.layers.Layer) -> str:
    shapes = " and ".join(" × ".join(map(str, weight.shape)) or "1" for weight in layer.weights)
    return f"{type(layer).__name__} with weights of {shapes}"


def _weighted(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers that have weights in the order in which they stand, without those that scale the inputs."""
    return [layer for layer in _leaves(model) if layer.weights and not isinstance(layer, SCALING_LAYERS)]


def _leaves(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers of a model, and in place of a model within it that one's."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _kind(layer: keras.layers.Layer | None) -> str:
    """What `data.scaling` calls a layer that scales."""
    if isinstance(layer, keras.layers.Normalization):
        return "standardize"
    is_unit = isinstance(layer, keras.layers.Rescaling) and not (layer.scale == 1.0 and layer.offset == 0.0)
    return "unit" if is_unit else "none"
