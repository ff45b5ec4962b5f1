"""The input of a saved model; `tests/commands/test_input_form.py` compares it with Keras."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from dnnctl.store.model_input import read_model_input


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"[]",
        b"{}",
        b'{"config": {"input_layers": [], "layers": []}}',
        b'{"config": {"input_layers": 1}}',
        b"[" * 9999,
    ],
)
def test_a_damaged_file_shows_nothing(config: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    assert read_model_input(path) is None
    with ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
    assert read_model_input(path) is None
    path.write_bytes(b"PK")
    assert read_model_input(path) is None
