"""California housing, on a file made in its format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from keras.src.datasets import california_housing as keras_module

from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import BuiltIn

N = 41


def test_the_splits_are_those_of_keras(
    cache: Path, published: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cache / "california_housing.npz"
    draw = np.random.default_rng(0)
    np.savez(path, x=draw.normal(size=(N, 8)), y=draw.uniform(25_000, 500_000, N))
    published(path)
    monkeypatch.setattr(keras_module, "get_file", lambda *_, **__: path)
    expected = keras_module.load_data()
    raw = load_source(BuiltIn(kind="california_housing"))
    assert raw.test is not None
    for part, (inputs, values) in zip((raw.train, raw.test), expected, strict=True):
        found = part.take(slice(None))
        np.testing.assert_array_equal(found.inputs, inputs.astype(np.float32))
        np.testing.assert_array_equal(found.targets, values.astype(np.float32)[:, None])
    assert (raw.task, raw.train.input_type, len(raw.test)) == ("numbers", np.float32, 9)


def test_another_or_a_damaged_file_is_refused(cache: Path, published: Callable[[Path], None]) -> None:
    path = cache / "california_housing.npz"
    path.write_bytes(b"not an archive")
    with pytest.raises(DataError, match=r"california_housing\.npz is damaged or altered \(sha256"):
        load_source(BuiltIn(kind="california_housing"))
    published(path)
    with pytest.raises(DataError, match="Remove it"):
        load_source(BuiltIn(kind="california_housing"))
