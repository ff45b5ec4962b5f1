"""The nets to measure, as specs, and the images to measure them on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.data.dataset import Part
from dnnctl.data.sources.fashion_mnist import read_idx
from dnnctl.specs import Spec

N_IMAGES = 55_000
BATCH_SIZE = 32
EPOCHS = 20
"""The number of epochs from which `compile: auto` chooses."""


def make_spec(
    layers: list[Any], optimizer: Any = None, *, source: str = "fashion_mnist", epochs: int = EPOCHS, **defaults: Any
) -> Spec:
    """A spec of the layers, for 28 × 28 images in ten classes."""
    return Spec.model_validate(
        {
            "name": "benchmark",
            "data": {"source": source, "scaling": "unit"},
            "model": {"defaults": {"activation": "elu", "initializer": "he_normal", **defaults}, "layers": layers},
            "optimizer": optimizer or {"kind": "sgd", "learning_rate": 1e-3, "momentum": 0.9, "nesterov": True},
            "training": {"batch_size": BATCH_SIZE, "epochs": epochs},
        }
    )


def dense(*units: int) -> list[Any]:
    """Dense layers of the given sizes after a flatten."""
    return ["flatten", *({"kind": "dense", "units": size} for size in units)]


NETS: dict[str, Spec] = {
    "300-100": make_spec(dense(300, 100)),
    "20 x 100, batch norm": make_spec(dense(*[100] * 20), normalization="batch"),
    "300-100, dropout": make_spec(
        ["flatten", {"kind": "dropout", "rate": 0.2}, *dense(300, 100)[1:]], dropout={"kind": "dropout", "rate": 0.2}
    ),
    "conv": make_spec(
        [
            {"kind": "conv2d", "filters": 16},
            "max_pool",
            {"kind": "conv2d", "filters": 32},
            "max_pool",
            "flatten",
            {"kind": "dense", "units": 64},
        ]
    ),
}
DEPTHS: dict[str, Spec] = {
    "3 layers": make_spec(dense(300, 100)),
    "20 layers": make_spec(dense(*[100] * 19)),
    "100 layers": make_spec(dense(*[100] * 99)),
}


def load_images(n: int = N_IMAGES) -> Part:
    """Fashion-MNIST's training images from FASHION_MNIST_DIR or Keras's cache, otherwise noise of the same shape."""
    for folder in (os.environ.get("FASHION_MNIST_DIR", ""), "~/.keras/datasets/fashion-mnist"):
        path = Path(folder).expanduser() / "train-images-idx3-ubyte.gz"
        if path.is_file():
            labels = read_idx(path.with_name("train-labels-idx1-ubyte.gz"))
            return Part(read_idx(path)[-n:], labels[-n:].astype(np.int32))
    draw = np.random.default_rng(1)
    return Part(draw.integers(0, 256, (n, 28, 28), dtype=np.uint8), draw.integers(0, 10, n).astype(np.int32))
