"""Predictions for many rows: those of Keras, bit by bit, for any number of rows at a time."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dnnctl.engine import prediction
from dnnctl.engine.prediction import batch_size, compile_prediction

DRAW = np.random.default_rng(0)


def build(shape: tuple[int, ...], dtype: str, units: int = 7) -> keras.Model:
    start = keras.Input(shape, dtype=dtype)
    tensor = keras.layers.Dense(units, activation="selu")(keras.layers.Flatten()(start))
    return keras.Model(start, keras.layers.Dense(3, activation="softmax")(keras.layers.Dropout(0.5)(tensor)))


@pytest.mark.parametrize("n", [1, 64, 65, 200])
def test_the_predictions_are_those_of_keras(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of another type are converted to that of the input."""
    monkeypatch.setattr(prediction, "LARGEST", 64)
    monkeypatch.setattr(prediction, "SMALLEST", 1)
    model = build((4, 5), "uint8")
    inputs = DRAW.integers(0, 256, (n, 4, 5))
    expected = model.predict(inputs.astype(np.uint8), batch_size=64, verbose=0)
    predict = compile_prediction(model)
    np.testing.assert_array_equal(predict(inputs), expected)
    np.testing.assert_array_equal(predict(inputs.astype(np.float64)), expected)


def test_columns_are_given_by_name() -> None:
    a, b = keras.Input((1,), name="a", dtype="float64"), keras.Input((1,), name="b", dtype="string")
    known = keras.layers.StringLookup(vocabulary=["x"], output_mode="int")(b)
    model = keras.Model({"a": a, "b": b}, keras.layers.Concatenate()([a, keras.ops.cast(known, "float64")]))
    columns: dict[str, Any] = {"b": np.array(["x", "y", "x"], object), "a": np.array([1.0, 2.0, 3.0])}
    np.testing.assert_array_equal(compile_prediction(model)(columns), [[1, 1], [2, 0], [3, 1]])


@pytest.mark.parametrize(("units", "expected"), [(10, 8192), (2048, 4096), (2050, 2048), (10**6, 256)])
def test_the_widest_layer_limits_the_rows_at_a_time(units: int, expected: int) -> None:
    """A power of two, so that batches of 1,024 rows are divided without rest."""
    assert batch_size(build((2,), "float32", units)) == expected
