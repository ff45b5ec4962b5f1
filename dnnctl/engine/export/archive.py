"""SavedModel: the format of TensorFlow, and what LiteRT and OpenVINO are converted from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

OUTPUTS = "outputs"
"""The name of the output in every format that has names."""


def write_archive(model: keras.Model, folder: Path) -> None:
    """Write a model as a SavedModel whose endpoint `serve` takes an array, or a dict with the columns of a table.

    Signatures accept only names that Python accepts, so that the columns are called `column_1`, `column_2`, … there.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda inputs: {OUTPUTS: model(inputs, training=False)}, [_signature(model)])
    archive.write_out(str(folder), verbose=False)


def _signature(model: keras.Model) -> Any:
    if isinstance(model.input, dict):
        columns = enumerate(model.input.items(), 1)
        return {name: tf.TensorSpec((None, 1), each.dtype, f"column_{number}") for number, (name, each) in columns}
    (inputs,) = model.inputs
    return tf.TensorSpec(inputs.shape, inputs.dtype, "inputs")
