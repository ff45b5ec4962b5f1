"""Networks with every kind of layer, activation, normalization and dropout, and a way to ask an export."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dnnctl.builder.activation import build_activation
from dnnctl.builder.model import build_model
from dnnctl.builder.names import Names
from dnnctl.builder.output import Head
from dnnctl.commands.export_formats import FORMATS
from dnnctl.engine.export import runtime
from dnnctl.engine.export.network import Network
from dnnctl.engine.export.rebuild import rebuild_plain, rebuild_portable
from dnnctl.engine.export.writers import WRITERS
from dnnctl.specs import Spec
from dnnctl.specs.activation import Activation, PlainActivation
from dnnctl.specs.field import Kind, Section
from dnnctl.specs.reading.introspection import kinds_of, members

WIDTH = 5
"""The number of inputs of an activation."""
LAYERS: list[Any] = [
    "batch_norm",
    {"kind": "conv2d", "filters": 4, "padding": "same", "activation": {"kind": "prelu", "initial_slope": 0.3}},
    {"kind": "spatial_dropout", "rate": 0.2},
    {"kind": "conv2d", "filters": 4, "kernel_size": [2, 3], "strides": 2, "padding": "same", "normalization": "batch"},
    {
        "kind": "residual",
        "activation": "relu",
        "layers": [
            {"kind": "conv2d", "filters": 6, "padding": "same", "activation": "rrelu"},
            {"kind": "conv2d", "filters": 6, "padding": "same", "dilation": 2},
        ],
    },
    {"kind": "average_pool", "size": 2, "strides": 1, "padding": "same"},
    {"kind": "max_pool", "size": 2, "strides": 1},
    {"kind": "layer_norm", "axis": -1},
    "flatten",
    {"kind": "dense", "units": 12, "activation": "selu", "normalization": "layer"},
    {"kind": "alpha_dropout", "rate": 0.1},
    {"kind": "reshape", "shape": [2, 2, 3]},
    "global_average_pool",
    {"kind": "dense", "units": 8, "activation": {"kind": "swish", "beta": 1.4}, "use_bias": False},
    {"kind": "gaussian_noise", "stddev": 0.1},
    {"kind": "gaussian_dropout", "rate": 0.1},
    {"kind": "dropout", "rate": 0.1},
    {"kind": "residual", "layers": [{"kind": "dense", "units": 6}, {"kind": "activation", "function": "gelu"}]},
    {"kind": "reshape", "shape": [1, 2, 3]},
    "global_max_pool",
]
"""Every kind of layer."""


class Holder(Section):
    function: Activation = PlainActivation(kind="linear")


def list_activations() -> list[Kind]:
    """Every activation, and those with a parameter also with another value of it."""
    words = kinds_of(members(Activation))
    extra = [{"kind": "elu", "alpha": 0.7}, {"kind": "swish", "beta": 1.5}, {"kind": "prelu", "initial_slope": 0.3}]
    return [Holder.model_validate({"function": each}).function for each in (*words, *extra)]


def activation_net() -> keras.Model:
    """A network (B, WIDTH) → (B, WIDTH · n) with every activation of its inputs."""
    inputs = keras.Input((WIDTH,), name="inputs")
    names = Names(0)
    found = [
        build_activation(each, names, f"function_{n}", n_axes=2)(inputs) for n, each in enumerate(list_activations())
    ]
    return keras.Model(inputs, keras.layers.Concatenate(name="output")(found), name="model")


def layer_net(layers: list[Any], images: NDArray[Any], *, scaling: str = "standardize") -> keras.Model:
    """The network of a spec with these layers, with random weights and statistics."""
    keras.utils.set_random_seed(3)
    data = {"source": {"kind": "npz", "path": "none.npz"}, "scaling": scaling}
    spec = Spec.model_validate(
        {"name": "net", "data": data, "model": {"layers": layers}, "optimizer": "adam", "training": {"epochs": 1}}
    )
    model = build_model(spec, Head("sparse_categorical_crossentropy", "index", 3, "softmax"), images)
    for layer in model.layers:
        if layer.weights and layer.name != "scaling":
            draw = np.random.default_rng(len(layer.name))
            layer.set_weights([each + draw.uniform(0, 0.1, each.shape) for each in layer.get_weights()])
    return model


def write_export(model: keras.Model, format: str, folder: Path, **options: Any) -> None:
    """The files of an export, with its predict.py."""
    folder.mkdir(parents=True)
    network = Network(rebuild_plain(model), rebuild_portable(model), options.pop("samples", None))
    write, usage = WRITERS[format]
    write(network, folder, options.pop("quantize", None))
    (folder / "predict.py").write_text(usage(network))


def ask_export(format: str, folder: Path, rows: NDArray[Any], batch: int = 256) -> NDArray[Any]:
    """The answers of an export to rows (N, …), in a process that has only its runtime."""
    questions = folder.with_name(f"{folder.name}-questions")
    questions.mkdir(exist_ok=True)
    np.save(questions / "rows.npy", rows)
    question = {"name": "rows", "function": "predict", "file": "rows.npy", "batch": batch}
    (questions / "questions.json").write_text(json.dumps([question]))
    command = [sys.executable, "-P", runtime.__file__, str(folder), str(questions), *FORMATS[format].without]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(questions / "answers.npz") as file:
        return file["rows"]
