"""The hidden layers of a network with all that they inherit, and the order of their parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind
from dnnctl.specs.layer import ActivationLayer, BatchNorm, Conv2D, Dense, LayerNorm, Residual, WeightedLayer
from dnnctl.specs.model import Defaults
from dnnctl.specs.path import Path

DEFAULTS: Path = ("model", "defaults")
LAYERS: Path = ("model", "layers")


@dataclass(frozen=True)
class Part:
    """One operation of the network, in the order of the forward pass."""

    kind: str
    """`weights`, `activation`, `batch`, `layer`, or the kind of a dropout or of another layer."""
    value: Any
    """What the spec says about it."""
    path: Path
    """Where the spec says it."""


@dataclass(frozen=True)
class Hidden:
    """A dense or convolutional layer, or several equal ones in a row."""

    layer: WeightedLayer
    path: Path
    count: int
    """The number of such layers."""
    values: dict[str, Any]
    """By key: the value that holds, its own or inherited."""
    paths: dict[str, Path]
    """By key: where to write another value. A value that is not written anywhere belongs into the defaults."""
    in_residual: bool = False

    @property
    def activation(self) -> str:
        """The kind of the activation function."""
        return str(self.values["activation"].kind)

    @property
    def is_convolution(self) -> bool:
        """Whether it is a convolution."""
        return isinstance(self.layer, Conv2D)


@dataclass(frozen=True)
class Network:
    """The hidden layers of a spec."""

    hidden: tuple[Hidden, ...]
    parts: tuple[Part, ...]
    has_residual: bool

    @property
    def depth(self) -> int:
        """The number of hidden layers with weights."""
        return sum(each.count for each in self.hidden)

    @property
    def activations(self) -> set[str]:
        """The kinds of activation functions of the hidden layers."""
        return {each.activation for each in self.hidden}

    @property
    def is_normalized(self) -> bool:
        """Whether any normalization comes after the first layer with weights."""
        kinds = [part.kind for part in self.parts]
        return "weights" in kinds and any(kind in ("batch", "layer") for kind in kinds[kinds.index("weights") :])

    @property
    def starts_normalized(self) -> bool:
        """Whether a normalization of the inputs comes before the first layer with weights."""
        kinds = [part.kind for part in self.parts]
        before = kinds[: kinds.index("weights")] if "weights" in kinds else kinds
        return any(kind in ("batch", "layer") for kind in before)


def network_of(spec: Spec) -> Network:
    """The hidden layers of a spec."""
    hidden = tuple(_joined(_walk(spec.model.layers, spec.model.defaults, LAYERS, 1, in_residual=False)))
    parts = tuple(_parts(spec.model.layers, spec.model.defaults, LAYERS))
    return Network(hidden, parts, any(isinstance(layer, Residual) for layer in spec.model.layers))


def hidden_by_name(spec: Spec) -> dict[str, Hidden]:
    """The hidden layers by the names that the built network gives them: `dense_1`, `conv2d_1`, …"""
    by_path = {each.path: each for each in network_of(spec).hidden}
    names: dict[str, Hidden] = {}
    numbers: Counter[str] = Counter()
    for layer, path in _built(spec.model.layers, LAYERS):
        numbers[layer.kind] += 1
        names[f"{layer.kind}_{numbers[layer.kind]}"] = by_path[path]
    return names


def _built(layers: Iterable[Kind], path: Path) -> Iterator[tuple[WeightedLayer, Path]]:
    """Each layer with weights that is built, in the order of building."""
    for index, layer in enumerate(layers):
        here = (*path, index)
        for _ in range(getattr(layer, "repeat", 1)):
            if isinstance(layer, WeightedLayer):
                yield layer, here
            elif isinstance(layer, Residual):
                yield from _built(layer.layers, (*here, "layers"))


def _walk(
    layers: Iterable[Kind], defaults: Defaults, path: Path, times: int, *, in_residual: bool
) -> Iterator[Hidden | tuple[Kind, Path]]:
    """The layers with weights, and each activation that is a layer of its own or that of a block."""
    for index, layer in enumerate(layers):
        here = (*path, index)
        if isinstance(layer, WeightedLayer):
            yield _hidden(layer, defaults, here, times, in_residual=in_residual)
        elif isinstance(layer, Residual):
            yield from _walk(layer.layers, defaults, (*here, "layers"), times * layer.repeat, in_residual=True)
            yield layer.activation, (*here, "activation")
        elif isinstance(layer, ActivationLayer):
            yield layer.function, (*here, "function")


def _joined(walked: Iterable[Hidden | tuple[Kind, Path]]) -> Iterator[Hidden]:
    """The layers, where the activation of a layer without one is the one that follows."""
    last: Hidden | None = None
    for each in walked:
        if isinstance(each, Hidden):
            if last:
                yield last
            last = each
        elif last and last.activation == "linear":
            function, path = each
            values, paths = {**last.values, "activation": function}, {**last.paths, "activation": path}
            last = replace(last, values=values, paths=paths)
    if last:
        yield last


def _hidden(layer: WeightedLayer, defaults: Defaults, path: Path, times: int, *, in_residual: bool) -> Hidden:
    values, paths = {}, {}
    for key in Defaults.model_fields:
        own = getattr(layer, key)
        inherits = own == "inherit" or getattr(own, "kind", "") == "inherit"
        values[key] = getattr(defaults, key) if inherits else own
        paths[key] = (*DEFAULTS, key) if inherits else (*path, key)
    return Hidden(layer, path, times * layer.repeat, values, paths, in_residual)


def _parts(layers: Iterable[Kind], defaults: Defaults, path: Path) -> Iterator[Part]:
    for index, layer in enumerate(layers):
        here = (*path, index)
        if isinstance(layer, WeightedLayer):
            hidden = _hidden(layer, defaults, here, 1, in_residual=False)
            for _ in range(min(layer.repeat, 2)):  # two show every order of parts
                yield from _parts_of(hidden)
        elif isinstance(layer, Residual):
            for _ in range(min(layer.repeat, 2)):
                yield from _parts(layer.layers, defaults, (*here, "layers"))
        else:
            kind = {BatchNorm: "batch", LayerNorm: "layer", ActivationLayer: "activation"}.get(type(layer), layer.kind)
            yield Part(kind, layer, here)


def _parts_of(hidden: Hidden) -> Iterator[Part]:
    normalization, paths = hidden.values["normalization"], hidden.paths
    yield Part("weights", hidden.layer, hidden.path)
    normal = [] if normalization.kind == "none" else [Part(normalization.kind, normalization, paths["normalization"])]
    comes_first = normal and normalization.position == "before_activation"
    yield from normal if comes_first else []
    yield Part("activation", hidden.values["activation"], paths["activation"])
    yield from [] if comes_first else normal
    if hidden.values["dropout"].kind != "none":
        yield Part(hidden.values["dropout"].kind, hidden.values["dropout"], paths["dropout"])


def units_of(layer: Kind) -> int | None:
    """The number of outputs of a dense layer; None for other layers."""
    return layer.units if isinstance(layer, Dense) else None
