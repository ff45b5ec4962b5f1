"""LiteRT (formerly TensorFlow Lite), with its own operators only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.engine.export.archive import write_archive
from dnnctl.engine.export.network import Network, Quantization, complete_usage
from dnnctl.errors import RunError

USAGE = '''"""Predict with model.tflite. It needs numpy and ai-edge-litert."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
IMPORTS
runner = Interpreter(str(Path(__file__).parent / "model.tflite")).get_signature_runner("serve")


def answer(rows):
    """From an array (N, ...) to the answers of the network."""
    return runner(inputs=np.asarray(rows, np.INPUT_TYPE))["outputs"]
'''
SELECTED = re.compile(r"(?:Flex|TF Select|Custom) ops: (.*)")
"""The lines of the converter's message that name the operators of TensorFlow that it would need."""


def write(network: Network, folder: Path, quantization: Quantization | None) -> None:
    """Write model.tflite.

    Raises:
        RunError: the network needs operators of TensorFlow, which LiteRT runs only if it is linked with TensorFlow.
    """
    with TemporaryDirectory() as archive:
        write_archive(network.portable, Path(archive))
        converter = tf.lite.TFLiteConverter.from_saved_model(archive, signature_keys=["serve"])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        _quantize(converter, network.samples, quantization)
        try:
            content = converter.convert()
        except Exception as error:  # the converter raises exceptions of its own
            raise RunError(explain_failure(str(error), network)) from None
    (folder / "model.tflite").write_bytes(content)


def _quantize(converter: Any, samples: NDArray[Any] | None, quantization: Quantization | None) -> None:
    if quantization is None:
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tf.float16]
        return
    assert samples is not None

    def rows() -> Iterator[list[NDArray[Any]]]:
        for row in range(len(samples)):
            yield [samples[row : row + 1]]

    converter.representative_dataset = rows


def explain_failure(message: str, network: Network) -> str:
    """Why the converter failed: the operators and the layers that LiteRT does not have."""
    found = SELECTED.findall(message)
    if not found:
        lines = [line.strip() for line in message.splitlines() if line.strip()]
        return f"LiteRT cannot hold this network: {lines[0][:200] if lines else 'the converter gave no reason'}."
    operators = [each.strip().removeprefix("Flex") for each in ",".join(found).split(",")]
    layers = [layer for layer in network.portable.layers if re.search(rf"\b{re.escape(layer.name)}(?:_\d+)?/", message)]
    where = ", ".join(f"{layer.name} ({type(layer).__name__})" for layer in layers) or "an operation without a name"
    return (
        f"LiteRT has no operator for {', '.join(operators)}, in {where}. Its file would run only where LiteRT is "
        "linked with TensorFlow (select TF ops), so it was not written. Replace the layer, or write another format."
    )


def usage(network: Network) -> str:
    """The text of predict.py."""
    return complete_usage(network, USAGE)
