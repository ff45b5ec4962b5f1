"""ONNX, by way of tf2onnx."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras

from dnnctl.engine.export.archive import OUTPUTS
from dnnctl.engine.export.network import Network, Quantization, complete_usage

OPSET = 18
"""The newest version of the operators that tf2onnx writes."""
USAGE = '''"""Predict with model.onnx. It needs numpy and onnxruntime."""

from pathlib import Path

import numpy as np
import onnxruntime
IMPORTS
session = onnxruntime.InferenceSession(Path(__file__).parent / "model.onnx")


def answer(rows):
    """From an array (N, ...) to the answers of the network."""
    return session.run(None, {"inputs": np.asarray(rows, np.INPUT_TYPE)})[0]
'''


def write(network: Network, folder: Path, quantization: Quantization | None) -> None:
    """Write model.onnx."""
    assert quantization is None
    import onnx  # noqa: PLC0415  (an optional package)

    path, (inputs,) = folder / "model.onnx", network.portable.inputs
    signature = [keras.InputSpec(inputs.dtype, inputs.shape, name="inputs")]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)  # Keras asks for it
        network.portable.export(str(path), format="onnx", opset_version=OPSET, input_signature=signature, verbose=False)
    model = onnx.load(path)
    _rename_output(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _rename_output(graph: Any) -> None:
    """Give the output a plain name, and the first axis of inputs and outputs the name `batch`."""
    (output,) = graph.output
    for node in graph.node:
        node.output[:] = [OUTPUTS if name == output.name else name for name in node.output]
    output.name = OUTPUTS
    for each in (*graph.input, output):
        each.type.tensor_type.shape.dim[0].dim_param = "batch"


def usage(network: Network) -> str:
    """The text of predict.py."""
    return complete_usage(network, USAGE)
