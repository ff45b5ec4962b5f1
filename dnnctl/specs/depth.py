"""The number of layers of a network, which Keras limits: it follows a network recursively."""

from __future__ import annotations

from collections.abc import Iterable

from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind
from dnnctl.specs.layer import Conv2D, Dense, Pool, Residual, WeightedLayer
from dnnctl.specs.model import Defaults
from dnnctl.specs.pretraining import Autoencoder, Gan

N_OF_SHORTCUT = 2
"""The layers that project the input of a residual block, at most."""


def n_layers(spec: Spec) -> int:
    """The most layers that one network of a spec has in a row.

    Normalization, activation and dropout are layers of their own. An autoencoder also has the mirror image.
    """
    forward = _forward(spec.model.layers, spec.model.defaults)
    if isinstance(spec.training.pretraining, Autoencoder):
        return forward + _mirrored(spec.model.layers)
    if isinstance(spec.training.pretraining, Gan):
        return max(forward, _mirrored(spec.model.layers))
    return forward


def _forward(layers: Iterable[Kind], defaults: Defaults) -> int:
    return sum(getattr(layer, "repeat", 1) * _one(layer, defaults) for layer in layers)


def _one(layer: Kind, defaults: Defaults) -> int:
    if isinstance(layer, Residual):
        return _forward(layer.layers, defaults) + N_OF_SHORTCUT + 1 + (layer.activation.kind != "linear")
    if not isinstance(layer, WeightedLayer):
        return 1
    chosen = [(getattr(layer, key), getattr(defaults, key)) for key in ("activation", "normalization", "dropout")]
    kinds = [default.kind if own.kind == "inherit" else own.kind for own, default in chosen]
    return 1 + sum(kind not in ("none", "linear") for kind in kinds)


def _mirrored(layers: Iterable[Kind]) -> int:
    """The layers of a mirror image: for images enlarging, cropping, weights, activation and shape, for rows three."""
    return sum(getattr(layer, "repeat", 1) * _one_mirrored(layer) for layer in layers)


def _one_mirrored(layer: Kind) -> int:
    if isinstance(layer, Conv2D | Pool | Residual):
        return 5
    return 3 if isinstance(layer, Dense) else 1
