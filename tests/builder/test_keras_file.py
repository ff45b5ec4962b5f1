"""Opening .keras files that may come from somebody else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from dnnctl.builder.keras_file import open_keras
from dnnctl.errors import RunError


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A model of zeros, which compresses as well as a pruned one."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_initializer="zeros")])
    model.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def repack(path: Path, **replaced: bytes) -> Path:
    """The same archive, compressed, with some files replaced."""
    target = path.with_name("packed.keras")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, replaced.get(name.partition(".")[0], old.read(name)))
    return target


def test_a_model_opens_also_if_it_is_compressed(saved: Path) -> None:
    for path in (saved, repack(saved)):
        assert all(np.all(weight == 0) for weight in open_keras(path).get_weights())


def test_an_archive_that_unpacks_to_far_more_than_its_size_is_not_unpacked(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = repack(saved, model=b"\0" * 100_000_000)

    def unpack(*_: object, **__: object) -> None:
        raise AssertionError("Keras was asked to unpack it")

    monkeypatch.setattr(keras.saving, "load_model", unpack)
    with pytest.raises(RunError, match=r"would unpack from [\d,]+ to 100,\d{3},\d{3} bytes"):
        open_keras(packed)


@pytest.mark.parametrize("replaced", [{"config": b"{"}, {"config": b"[]"}, {"model": b"no weights"}, {"config": b"5"}])
def test_a_damaged_file_is_a_clear_error(replaced: dict[str, bytes], saved: Path) -> None:
    with pytest.raises(RunError, match=r"packed\.keras"):
        open_keras(repack(saved, **replaced))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x89HDF\r\n"])
def test_what_is_no_archive_is_a_clear_error(content: bytes, saved: Path) -> None:
    saved.write_bytes(content)
    with pytest.raises(RunError, match="it is not a zip archive"):
        open_keras(saved)
