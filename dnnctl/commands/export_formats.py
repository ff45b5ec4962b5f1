"""The formats of `export`: what each needs, and what its runtime must do without."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from dnnctl.errors import UserError
from dnnctl.text import suggest

HEAVY = ("dnnctl", "keras", "tensorflow")


@dataclass(frozen=True)
class Format:
    """A format that a network can be exported to."""

    title: str
    runtime: str
    """The package that runs it."""
    files: tuple[str, ...]
    """The files of the model itself."""
    needs: tuple[str, ...] = ()
    """The optional modules that write and run it."""
    extra: str = "export"
    """The extra of dnnctl that installs them."""
    without: tuple[str, ...] = HEAVY
    """The modules that the check of the export cannot import."""
    takes_columns: bool = False
    """Whether the model itself takes the raw columns of a table. Otherwise encode.py encodes them."""
    quantizations: tuple[str, ...] = ()


FORMATS = {
    "keras": Format("Keras", "keras", ("model.keras",), without=("dnnctl",), takes_columns=True),
    "saved_model": Format("SavedModel", "tensorflow", ("model",), without=("dnnctl", "keras"), takes_columns=True),
    "onnx": Format("ONNX", "onnxruntime", ("model.onnx",), ("onnx", "tf2onnx", "onnxruntime")),
    "litert": Format(
        "LiteRT", "ai-edge-litert", ("model.tflite",), ("ai_edge_litert",), quantizations=("int8", "float16")
    ),
    "openvino": Format(
        "OpenVINO",
        "openvino",
        ("model.xml", "model.bin"),
        ("openvino",),
        extra="openvino",
        quantizations=("int8", "float16"),
    ),
    "weights": Format("weights", "numpy", ("weights.npz",)),
}
QUANTIZATIONS = ("int8", "float16")


def choose_format(name: str, quantize: str | None) -> Format:
    """The format of this name, whose packages are installed.

    Raises:
        UserError: there is no such format or quantization, or a package is missing.
    """
    if name not in FORMATS:
        raise UserError(f"--to {name}: there is no such format. {suggest(name, FORMATS)}")
    chosen = FORMATS[name]
    if quantize is not None and quantize not in QUANTIZATIONS:
        raise UserError(f"--quantize {quantize}: there is no such quantization. {suggest(quantize, QUANTIZATIONS)}")
    if quantize is not None and quantize not in chosen.quantizations:
        able = ", ".join(each for each, format in FORMATS.items() if quantize in format.quantizations)
        raise UserError(f"--quantize {quantize}: it cannot be combined with --to {name}, only with {able}.")
    if any(find_spec(module) is None for module in chosen.needs):
        raise UserError(
            f"--to {name} needs {_listed(chosen.needs)}. Install what is missing: pip install 'dnnctl[{chosen.extra}]'"
        )
    if name == "openvino" and quantize == "int8" and find_spec("nncf") is None:
        raise UserError("--quantize int8 with --to openvino needs nncf. Install it: pip install nncf")
    return chosen


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
