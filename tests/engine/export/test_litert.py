"""LiteRT: what its own operators do not cover is refused by name, and quantized files are smaller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from export_nets import layer_net, write_export
from keras import ops

from dnnctl.engine.export.litert import write
from dnnctl.engine.export.network import Network
from dnnctl.errors import RunError

pytestmark = pytest.mark.heavy


class Inverse(keras.layers.Layer):
    """A function that LiteRT lacks."""

    def call(self, inputs: Any) -> Any:
        return ops.erfinv(inputs / 10)


def test_a_layer_that_needs_tensorflow_is_refused_by_name(tmp_path: Path) -> None:
    inputs = keras.Input((4,), name="inputs")
    hidden = keras.layers.Dense(4, name="dense_1")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, name="output")(Inverse(name="odd_1")(hidden)))
    with pytest.raises(RunError, match=r"no operator for Erfinv, in odd_1 \(Inverse\)\. .* was not written"):
        write(Network(model, model), tmp_path, None)
    assert not list(tmp_path.iterdir())


def test_quantized_files_are_smaller(tmp_path: Path) -> None:
    """About a half and a quarter of the weights' bytes."""
    rows = np.random.default_rng(1).integers(0, 256, (8, 16, 16), np.uint8)
    model = layer_net(["flatten", {"kind": "dense", "units": 64}], rows, scaling="unit")
    sizes = {}
    for quantize in (None, "float16", "int8"):
        write_export(model, "litert", tmp_path / f"{quantize}", samples=rows, quantize=quantize)
        sizes[quantize] = (tmp_path / f"{quantize}" / "model.tflite").stat().st_size
    assert 0.4 < sizes["float16"] / sizes[None] < 0.65
    assert 0.2 < sizes["int8"] / sizes[None] < 0.4
