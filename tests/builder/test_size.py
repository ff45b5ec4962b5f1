"""The size of a network before it is built is the size of the network that Keras builds."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.model import build_network
from dnnctl.builder.output import choose_head
from dnnctl.builder.size import network_size
from dnnctl.errors import SpecError
from dnnctl.specs import Spec
from dnnctl.store.encoding import ColumnEncoding, TableEncoding
from random_specs import Chance

SLOTS = tuple(map(str, range(29)))
CONV = {"kind": "conv2d", "filters": 3, "kernel_size": [3, 2]}
SPATIAL: list[list[Any]] = [
    [CONV, "flatten"],
    [{**CONV, "padding": "same", "strides": 2}, {**CONV, "dilation": [2, 1]}, "global_max_pool"],
    [{"kind": "max_pool", "size": [3, 2], "strides": 1}, {"kind": "average_pool", "padding": "same"}, CONV, "flatten"],
    [CONV, {"kind": "residual", "layers": [{**CONV, "filters": 5, "padding": "same", "strides": 2}]}, "flatten"],
    [{"kind": "residual", "layers": [{**CONV, "padding": "same"}], "repeat": 2}, "global_average_pool"],
    ["flatten", {"kind": "reshape", "shape": [12, 15, 1]}, {**CONV, "repeat": 2}, "flatten"],
    [{"kind": "dense", "units": 7}, "flatten", {"kind": "residual", "layers": [{"kind": "dense", "units": 9}]}],
]  # fmt: skip


def assert_same_size(spec: Spec, inputs: np.ndarray, *, task: str = "classes", n_outputs: int = 10) -> None:
    head = choose_head(spec, task=task, n_outputs=n_outputs)
    model = build_network(spec, head, inputs).model
    size = network_size(spec, head, inputs.shape[1:])
    weighted = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)]
    assert size.kernels == sum(prod(layer.kernel.shape) for layer in weighted)
    own = [layer for layer in weighted if "shortcut" not in layer.name]
    assert size.outputs == sum(prod(layer.output.shape[1:]) for layer in own)


def test_embeddings_are_counted_with_the_row_that_they_make() -> None:
    """Two categories of 30 slots; the dense layer gets a wider row than the encoded one."""
    zips = tuple(ColumnEncoding(name, "category", categories=SLOTS, is_embedded=True) for name in ("a", "b"))
    encoding = TableEncoding((ColumnEncoding("c", "number"), *zips))
    layers = [{"kind": "dense", "units": 4}]
    spec = Spec.model_validate({"name": "a", "data": {"source": "mnist"}, "model": {"layers": layers}})
    head = choose_head(spec, task="numbers", n_outputs=1)
    rows = np.zeros((1, encoding.width), np.float32)
    model = build_network(spec, head, rows, encoding=encoding).model
    kernels = [weight for weight in model.weights if weight.name in ("kernel", "embeddings")]
    size = network_size(spec, head, rows.shape[1:], encoding)
    assert size.kernels == sum(prod(weight.shape) for weight in kernels)
    assert len(kernels) == 4


@pytest.mark.parametrize("layers", SPATIAL, ids=range(len(SPATIAL)))
def test_kernels_and_outputs_are_those_of_keras(layers: list[Any]) -> None:
    spec = Spec.model_validate({"name": "a", "data": {"source": "mnist"}, "model": {"layers": layers}})
    assert_same_size(spec, np.zeros((4, 12, 15), np.uint8))


def test_those_of_random_specs_too(tmp_path: Path) -> None:
    draw, n_same = np.random.default_rng(3), 0
    images = draw.integers(0, 256, (60, 6, 6)).astype(np.uint8)
    for _, spec in zip(range(40), Chance(8, tmp_path).specs(), strict=False):
        is_classes = "classes" in spec.data.source.path  # type: ignore[union-attr]
        try:
            assert_same_size(
                spec, images, task="classes" if is_classes else "numbers", n_outputs=3 if is_classes else 2
            )
            n_same += 1
        except SpecError:
            continue  # the layers do not fit
    assert n_same >= 20


@pytest.mark.parametrize(
    "layers",
    [
        [{"kind": "reshape", "shape": [1_000_000_000] * 6}, {"kind": "dense", "units": 1_000_000}],
        ["flatten", CONV, {"kind": "dense", "units": 1_000_000}],
        [{**CONV, "kernel_size": 1000}, {"kind": "dense", "units": 1_000_000}],
        [{"kind": "max_pool", "size": 1000}, {"kind": "dense", "units": 1_000_000}],
    ],
)
def test_what_does_not_fit_is_not_counted(layers: list[Any]) -> None:
    """Building the network names the layer; its memory would be a second, wrong answer."""
    spec = Spec.model_validate({"name": "a", "data": {"source": "mnist"}, "model": {"layers": layers}})
    head = choose_head(spec, task="classes", n_outputs=10)
    assert network_size(spec, head, (12, 15)).kernels == 0
    with pytest.raises(SpecError, match=r"model\.layers"):
        build_network(spec, head, np.zeros((4, 12, 15), np.uint8))
