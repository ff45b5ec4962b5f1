"""OpenVINO."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dnnctl.engine.export.archive import OUTPUTS, write_archive
from dnnctl.engine.export.network import Network, Quantization, complete_usage

USAGE = '''"""Predict with model.xml and model.bin. It needs numpy and openvino."""

from pathlib import Path

import numpy as np
import openvino
IMPORTS
EXACT = {"INFERENCE_PRECISION_HINT": "f32"}
model = openvino.Core().compile_model(Path(__file__).parent / "model.xml", "CPU", EXACT)


def answer(rows):
    """From an array (N, ...) to the answers of the network."""
    return model(np.asarray(rows, np.INPUT_TYPE))[0]
'''


def write(network: Network, folder: Path, quantization: Quantization | None) -> None:
    """Write model.xml and model.bin.

    OpenVINO and nncf would report each conversion to their makers, and wait for an answer where there is no network.
    They do not if the package that sends these reports cannot be imported.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415  (an optional package)

    with TemporaryDirectory() as archive:
        write_archive(network.portable, Path(archive))
        model = openvino.convert_model(archive)
    model.inputs[0].tensor.set_names({"inputs"})
    model.outputs[0].tensor.set_names({OUTPUTS})
    if quantization == "int8":
        model = _to_int8(model, network)
    openvino.save_model(model, folder / "model.xml", compress_to_fp16=quantization == "float16")


def _to_int8(model: Any, network: Network) -> Any:
    import nncf  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415  (an optional package)

    assert network.samples is not None
    rows = [network.samples[row : row + 1] for row in range(len(network.samples))]
    return nncf.quantize(model, nncf.Dataset(rows), subset_size=len(rows))


def usage(network: Network) -> str:
    """The text of predict.py."""
    return complete_usage(network, USAGE)
