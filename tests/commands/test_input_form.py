"""What a network takes, read from its file without Keras; Keras itself is the oracle."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from dnnctl.store.model_input import ModelInput, read_model_input


def save(path: Path, inputs: object) -> Path:
    tensors = list(inputs.values()) if isinstance(inputs, dict) else [inputs]
    outputs = [keras.layers.Flatten()(tensor) for tensor in tensors]
    keras.Model(inputs, outputs).save(path)
    return path


@pytest.mark.parametrize(("shape", "dtype"), [((28, 28), "uint8"), ((4,), "float32"), ((8, 6, 3), "uint8")])
def test_the_input_is_that_of_the_loaded_model(shape: tuple[int, ...], dtype: str, tmp_path: Path) -> None:
    path = save(tmp_path / "model.keras", keras.Input(shape, dtype=dtype))
    loaded = keras.saving.load_model(path)
    (tensor,) = loaded.inputs
    assert read_model_input(path) == ModelInput((), tensor.shape[1:], tensor.dtype) == ModelInput((), shape, dtype)


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict")
def test_a_table_has_columns(tmp_path: Path) -> None:
    columns = {"size": keras.Input((1,), name="size"), "a/b": keras.Input((1,), name="column_2")}
    path = save(tmp_path / "model.keras", columns)
    assert read_model_input(path) == ModelInput(("size", "a/b"))
