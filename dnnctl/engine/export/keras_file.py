"""A plain Keras file in float32, which loads without dnnctl."""

from __future__ import annotations

from pathlib import Path

from dnnctl.engine.export.network import Network, Quantization, complete_usage

ARRAYS = '''"""Predict with model.keras. It needs keras and tensorflow."""

from pathlib import Path

import keras
import numpy as np

model = keras.saving.load_model(Path(__file__).parent / "model.keras", compile=False)


def predict(rows):
    """From an array (N, ...) to the answers of the network."""
    return model.predict(np.asarray(rows, np.INPUT_TYPE), verbose=0)
'''
COLUMNS = '''"""Predict with model.keras. It needs keras and tensorflow."""

from pathlib import Path

import keras
import numpy as np

TEXTS, NUMBERS = TEXT_COLUMNS, NUMBER_COLUMNS
model = keras.saving.load_model(Path(__file__).parent / "model.keras", compile=False)


def predict(columns):
    """From a dict of columns, (N,) each, to the answers of the network. None is a missing value."""
    texts = {name: np.array([(value or "").strip() for value in columns[name]], object) for name in TEXTS}
    numbers = {name: np.array(columns[name], np.float64) for name in NUMBERS}
    return np.asarray(model(texts | numbers, training=False))  # `predict` would round numbers to float32
'''


def write(network: Network, folder: Path, quantization: Quantization | None) -> None:
    """Write model.keras."""
    assert quantization is None
    network.plain.save(folder / "model.keras")


def usage(network: Network) -> str:
    """The text of predict.py."""
    return complete_usage(network, COLUMNS if network.is_table else ARRAYS)
