"""The decoder leads every kind of layer back to the shape of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnnctl.builder.decoder import mirror
from dnnctl.builder.model import build_network
from dnnctl.builder.output import choose_head
from dnnctl.specs import Spec
from dnnctl.specs.layer import Layer
from dnnctl.specs.reading.introspection import kinds_of, members

CONV = {"kind": "conv2d", "filters": 3}
LAYERS: dict[str, Any] = {
    "dense": {"kind": "dense", "units": 5},
    "conv2d": {**CONV, "strides": 2},
    "max_pool": "max_pool",
    "average_pool": {"kind": "average_pool", "size": 3, "strides": 2},
    "global_average_pool": "global_average_pool",
    "global_max_pool": "global_max_pool",
    "flatten": "flatten",
    "reshape": {"kind": "reshape", "shape": [75]},
    "batch_norm": "batch_norm",
    "layer_norm": "layer_norm",
    "activation": {"kind": "activation", "function": "prelu"},
    "dropout": {"kind": "dropout", "rate": 0.5},
    "alpha_dropout": {"kind": "alpha_dropout", "rate": 0.5},
    "gaussian_noise": {"kind": "gaussian_noise", "stddev": 0.5},
    "gaussian_dropout": {"kind": "gaussian_dropout", "rate": 0.5},
    "spatial_dropout": {"kind": "spatial_dropout", "rate": 0.5},
    "residual": {"kind": "residual", "layers": [{**CONV, "strides": 2, "padding": "same"}]},
}


def test_every_kind_of_layer_is_tried() -> None:
    missing = set(kinds_of(members(Layer))) - set(LAYERS)
    assert missing == set(), "LAYERS of this test lacks these kinds: does dnnctl.builder.decoder undo them?"


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_is_undone_to_the_shape_of_its_inputs(kind: str) -> None:
    """After a convolution of images, (7, 7) → (5, 5, 3)."""
    model = {"layers": [CONV, LAYERS[kind], "flatten"]}
    spec = Spec.model_validate({"name": "t", "data": {"source": "mnist"}, "model": model})
    images = np.zeros((4, 7, 7), np.float32)
    network = build_network(spec, choose_head(spec, task="classes", n_outputs=3), images)
    blocks = network.blocks[:2]
    assert mirror(blocks, blocks[-1].outputs, seed=1).shape == (None, 7, 7)
