"""MNIST, on files made in its format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import BuiltIn


def test_mnist_is_read_from_the_cache(cache: Path, published: Callable[[Path], None]) -> None:
    arrays = {"x_train": np.zeros((3, 28, 28), np.uint8), "y_train": np.array([0, 1, 2], np.uint8)}
    np.savez(cache / "mnist.npz", **arrays, x_test=arrays["x_train"], y_test=arrays["y_train"])
    with pytest.raises(DataError, match=r"mnist\.npz is damaged or altered \(sha256"):
        load_source(BuiltIn(kind="mnist"))
    published(cache / "mnist.npz")
    raw = load_source(BuiltIn(kind="mnist"))
    assert raw.train.targets.tolist() == [0, 1, 2]
    assert raw.class_names == tuple("0123456789")


def test_a_damaged_file_says_to_remove_it(cache: Path, published: Callable[[Path], None]) -> None:
    (cache / "mnist.npz").write_bytes(b"not an archive")
    published(cache / "mnist.npz")
    with pytest.raises(DataError, match="Remove it"):
        load_source(BuiltIn(kind="mnist"))
