"""The layers that dnnctl builds compute their formulas, also where memory held other values before.

The oracle is NumPy in float64: windows are cut out of the image one by one.

Shapes: B is the batch, H and W an image's height and width, C its channels.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dnnctl.builder.model import build_network
from dnnctl.builder.output import choose_head
from dnnctl.errors import SpecError
from dnnctl.specs import Spec

DIRT = 1e29
N_SHAPES = 60


def leave_dirt(*sizes: int) -> None:
    """Fill arrays with a large value and free them: later arrays get their memory."""
    arrays = [ops.full((size,), DIRT) for size in sizes for _ in range(3)]
    assert all(float(array[0]) > 0 for array in arrays)


def layer_model(layer: Any, inputs: np.ndarray) -> keras.Model | None:
    """A model that ends in the one layer; none where the layer does not fit the inputs."""
    spec = Spec.model_validate({"name": "t", "data": {"source": "mnist"}, "model": {"layers": [layer, "flatten"]}})
    try:
        network = build_network(spec, choose_head(spec, task="classes", n_outputs=3), inputs)
    except SpecError:
        return None
    return keras.Model(network.model.input, network.blocks[0].outputs)


def windows(x: np.ndarray, size: Any, strides: Any, padding: str, dilation: Any = (1, 1)) -> np.ndarray:
    """The pixels that each output sees, (B, H, W, C) → (B, H', W', h, w, C); NaN beyond the image's edge."""
    spans = [(size[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    if padding == "same":
        counts = [-(-x.shape[i + 1] // strides[i]) for i in (0, 1)]
        missing = [max(0, (counts[i] - 1) * strides[i] + spans[i] - x.shape[i + 1]) for i in (0, 1)]
        edges = [(n // 2, n - n // 2) for n in missing]
        x = np.pad(x, [(0, 0), *edges, (0, 0)], constant_values=np.nan)
    counts = [(x.shape[i + 1] - spans[i]) // strides[i] + 1 for i in (0, 1)]
    found = np.empty((len(x), *counts, *size, x.shape[-1]))
    for row, column in np.ndindex(*counts):
        top, left = row * strides[0], column * strides[1]
        found[:, row, column] = x[:, top : top + spans[0] : dilation[0], left : left + spans[1] : dilation[1]]
    return found


def convolve(x: np.ndarray, layer: dict[str, Any], weights: list[np.ndarray]) -> np.ndarray:
    seen = windows(x, layer["kernel_size"], layer["strides"], layer["padding"], layer["dilation"])
    return np.einsum("bijhwc,hwcf->bijf", np.nan_to_num(seen), weights[0]) + weights[1]


def pool(x: np.ndarray, layer: dict[str, Any], _: list[np.ndarray]) -> np.ndarray:
    seen = windows(x, layer["size"], layer["strides"], layer["padding"])
    return (np.nanmax if layer["kind"] == "max_pool" else np.nanmean)(seen, axis=(3, 4))


def normalize_batch(x: np.ndarray, _: dict[str, Any], weights: list[np.ndarray]) -> np.ndarray:
    scale, offset, mean, variance = weights
    return scale * (x - mean) / np.sqrt(variance + 1e-3) + offset


def normalize_layer(x: np.ndarray, _: dict[str, Any], weights: list[np.ndarray]) -> np.ndarray:
    scale, offset = weights
    return scale * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-3) + offset


FORMULAS: dict[str, Callable[[np.ndarray, dict[str, Any], list[np.ndarray]], np.ndarray]] = {
    "conv2d": convolve,
    "max_pool": pool,
    "average_pool": pool,
    "global_average_pool": lambda x, _layer, _weights: x.mean(axis=(1, 2)),
    "global_max_pool": lambda x, _layer, _weights: x.max(axis=(1, 2)),
    "dense": lambda x, _layer, weights: x @ weights[0] + weights[1],
    "batch_norm": normalize_batch,
    "layer_norm": normalize_layer,
}


def draw_layer(kind: str, draw: random.Random) -> dict[str, Any]:
    def pair(most: int) -> list[int]:
        return [draw.randint(1, most), draw.randint(1, most)]

    if kind == "conv2d":
        strides = draw.choice([[1, 1], pair(4), [1, draw.randint(2, 4)], [draw.randint(2, 3)] * 2])
        dilation = pair(3) if strides == [1, 1] else [1, 1]
        sizes = {"kernel_size": pair(4), "strides": strides, "dilation": dilation, "filters": draw.choice([1, 2, 5])}
        return {"kind": kind, "padding": draw.choice(["same", "valid"]), **sizes}
    if kind.endswith("_pool") and not kind.startswith("global"):
        return {"kind": kind, "padding": draw.choice(["same", "valid"]), "size": pair(3), "strides": pair(4)}
    return {"kind": kind, "units": draw.randint(1, 5)} if kind == "dense" else {"kind": kind}


def cases(kind: str) -> Iterator[tuple[dict[str, Any], np.ndarray, keras.Model]]:
    """Layers of a kind, images for them, and the model of each."""
    draw, numbers = random.Random(kind), np.random.default_rng(0)
    n_drawn = n_done = 0
    while n_done < N_SHAPES:
        shape = (draw.choice([1, 16, 33]), draw.randint(1, 6), draw.randint(1, 6), draw.choice([1, 1, 2, 4]))
        images, layer = numbers.normal(size=shape).astype(np.float32), draw_layer(kind, draw)
        model, n_drawn = layer_model(layer, images), n_drawn + 1
        if model is None:
            continue
        model.set_weights([numbers.uniform(0.5, 2, weight.shape) for weight in model.weights])
        n_done += 1
        yield layer, images, model
    assert n_drawn < 3 * n_done, "most layers did not fit their images: this test tests little"


@pytest.mark.parametrize("kind", FORMULAS)
def test_a_layer_computes_its_formula_on_dirty_memory(kind: str) -> None:
    for layer, images, model in cases(kind):
        weights = [np.asarray(weight, np.float64) for weight in model.get_weights()]
        expected = FORMULAS[kind](images.astype(np.float64), layer, weights)
        for _ in range(2):
            leave_dirt(expected.size, images.size)
            found = model(images)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4, err_msg=f"{layer} on {images.shape}")


@pytest.mark.parametrize("kind", ["conv2d", "average_pool", "global_average_pool", "dense"])
def test_the_gradient_of_a_linear_layer_is_its_adjoint(kind: str) -> None:
    """With y = A(x) + b: ⟨y − b, g⟩ = ⟨x, A′g⟩, and ⟨y − b, g⟩ = ⟨kernel, gradient of the kernel⟩."""
    for layer, images, model in cases(kind):
        weights = [np.asarray(weight, np.float64) for weight in model.get_weights()]
        linear = FORMULAS[kind](images.astype(np.float64), layer, [*weights[:1], *(0 * bias for bias in weights[1:])])
        factors = np.random.default_rng(1).uniform(0.5, 1, linear.shape)
        leave_dirt(linear.size, images.size, *(weight.size for weight in weights))
        for variable, gradient in gradients(model, images, factors):
            product = np.sum(np.asarray(variable, np.float64) * np.asarray(gradient, np.float64))
            message = f"{layer} on {images.shape}"
            np.testing.assert_allclose(product, np.sum(linear * factors), rtol=1e-3, atol=1e-3, err_msg=message)


def gradients(model: keras.Model, images: np.ndarray, factors: np.ndarray) -> list[tuple[Any, Any]]:
    """The images and the kernel, each with the gradient of Σ factors · y."""
    import tensorflow as tf

    given = tf.constant(images)
    variables = [given, *(weight.value for weight in model.trainable_weights[:1])]
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(model(given) * tf.constant(factors, tf.float32))
    return list(zip(variables, tape.gradient(total, variables), strict=True))
