"""SavedModel, for TensorFlow without Keras."""

from __future__ import annotations

from pathlib import Path

from dnnctl.engine.export.archive import write_archive
from dnnctl.engine.export.network import Network, Quantization, complete_usage

ARRAYS = '''"""Predict with the SavedModel in this folder. It needs tensorflow, but not keras."""

from pathlib import Path

import numpy as np
import tensorflow as tf

model = tf.saved_model.load(Path(__file__).parent / "model")


def predict(rows):
    """From an array (N, ...) to the answers of the network."""
    return model.serve(tf.constant(np.asarray(rows, np.INPUT_TYPE)))["outputs"].numpy()
'''
COLUMNS = '''"""Predict with the SavedModel in this folder. It needs tensorflow, but not keras."""

from pathlib import Path

import numpy as np
import tensorflow as tf

TEXTS, NUMBERS = TEXT_COLUMNS, NUMBER_COLUMNS
model = tf.saved_model.load(Path(__file__).parent / "model")


def predict(columns):
    """From a dict of columns, (N,) each, to the answers of the network. None is a missing value."""
    texts = {name: [[(value or "").strip()] for value in columns[name]] for name in TEXTS}
    numbers = {name: np.array(columns[name], np.float64).reshape(-1, 1) for name in NUMBERS}
    return model.serve({name: tf.constant(values) for name, values in (texts | numbers).items()})["outputs"].numpy()
'''


def write(network: Network, folder: Path, quantization: Quantization | None) -> None:
    """Write model/."""
    assert quantization is None
    write_archive(network.plain, folder / "model")


def usage(network: Network) -> str:
    """The text of predict.py."""
    return complete_usage(network, COLUMNS if network.is_table else ARRAYS)
