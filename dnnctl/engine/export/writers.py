"""Every format: what writes it, and what explains in Python how it is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dnnctl.engine.export import keras_file, litert, onnx, openvino, saved_model, weights
from dnnctl.engine.export.network import Network, Quantization

Writer = Callable[[Network, Path, Quantization | None], None]
WRITERS: dict[str, tuple[Writer, Callable[[Network], str]]] = {
    "keras": (keras_file.write, keras_file.usage),
    "saved_model": (saved_model.write, saved_model.usage),
    "onnx": (onnx.write, onnx.usage),
    "litert": (litert.write, litert.usage),
    "openvino": (openvino.write, openvino.usage),
    "weights": (weights.write, weights.usage),
}
