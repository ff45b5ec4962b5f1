"""Convolutions that TensorFlow computes wrong are refused, and no others."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.builder.model import build_network
from dnnctl.builder.output import choose_head
from dnnctl.errors import SpecError
from dnnctl.specs import Spec


def build(layers: list[Any], shape: tuple[int, int, int]) -> keras.Model:
    model = {"layers": [*layers, "flatten"]}
    spec = Spec.model_validate({"name": "t", "data": {"source": "mnist"}, "model": model})
    inputs = np.random.default_rng(0).normal(size=(6, *shape)).astype(np.float32)
    return build_network(spec, choose_head(spec, task="classes", n_outputs=3), inputs).model


def conv(kernel_size: Any, strides: Any, padding: str = "same") -> dict[str, Any]:
    return {"kind": "conv2d", "filters": 2, "kernel_size": kernel_size, "strides": strides, "padding": padding}


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (conv(1, 2), (8, 8, 3)),
        (conv([1, 1], [1, 2]), (8, 8, 3)),
        (conv(1, [2, 1], "valid"), (8, 6, 1)),
        (conv(2, [1, 4]), (3, 3, 1)),
        (conv(3, [1, 4]), (4, 4, 1)),
        (conv([2, 3], [1, 2], "valid"), (5, 3, 1)),
    ],
)
def test_a_convolution_that_tensorflow_computes_wrong_is_refused(
    layer: dict[str, Any], shape: tuple[int, int, int]
) -> None:
    with pytest.raises(SpecError, match="computes this convolution incorrectly") as caught:
        build(["batch_norm", layer], shape)
    (fault,) = caught.value.faults
    assert fault.path == "model.layers.1.strides"
    assert fault.received == str(layer["strides"])
    assert fault.hint


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (conv(1, 1), (8, 8, 3)),
        (conv(3, 2), (2, 2, 1)),
        (conv(3, 2), (1, 1, 8)),
        (conv(2, [4, 1]), (3, 3, 1)),
        (conv(2, [1, 2]), (3, 3, 1)),
        (conv([1, 2], 2), (8, 8, 3)),
        (conv(3, [2, 4]), (3, 3, 1)),
    ],
)
def test_its_neighbours_are_accepted(layer: dict[str, Any], shape: tuple[int, int, int]) -> None:
    """Also where a stride is at least as wide as the image."""
    assert build([layer], shape).output_shape == (None, 3)


def test_the_pool_that_the_hint_suggests_gives_the_same_result() -> None:
    """Against NumPy: a 1 × 1 kernel with strides multiplies every s-th pixel by a matrix."""
    model = build([{"kind": "max_pool", "size": 1, "strides": [2, 3]}, conv(1, 1)], (7, 8, 3))
    images = np.random.default_rng(1).normal(size=(4, 7, 8, 3)).astype(np.float32)
    layer = model.get_layer("conv2d_1")
    found = keras.Model(model.input, layer.output)(images)
    kernel, bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    np.testing.assert_allclose(found, images[:, ::2, ::3] @ kernel[0, 0] + bias, atol=1e-5)


@pytest.mark.parametrize(("strides", "shape"), [(2, (8, 7, 3)), ([1, 3], (5, 6, 1)), (1, (4, 4, 2))])
def test_a_residual_block_projects_without_a_strided_kernel_of_one_pixel(
    strides: Any, shape: tuple[int, int, int]
) -> None:
    """With a branch of zeros the block is its projection: every s-th pixel times a matrix."""
    branch = {**conv(3, strides), "initializer": "zeros", "filters": 5}
    model = build([{"kind": "residual", "layers": [branch]}], shape)
    images = np.random.default_rng(1).normal(size=(4, *shape)).astype(np.float32)
    found = keras.Model(model.input, model.get_layer("residual_1_add").output)(images)
    layer = model.get_layer("residual_1_shortcut")
    assert layer.strides == (1, 1)
    down, across = np.broadcast_to(strides, 2)
    np.testing.assert_allclose(found, images[:, ::down, ::across] @ layer.get_weights()[0][0, 0], atol=1e-5)
