"""Which array of a file is what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.guess.endings import guess_source
from dnnctl.errors import DataError

X, Y = np.arange(40, dtype=np.float32).reshape(20, 2), np.arange(20) % 2


def roles(folder: Path, target: str | None = None, **arrays: object) -> dict[str, object]:
    np.savez(folder / "a.npz", **arrays)
    return {entry.key: entry.value for entry in guess_source(folder / "a.npz", target).entries}


def test_arrays_are_found_by_their_names(tmp_path: Path) -> None:
    assert roles(tmp_path, X=X, y=Y) == {"train_inputs": "X", "train_targets": "y"}
    assert roles(tmp_path, train_images=X, train_labels=Y, test_images=X, test_labels=Y) == {
        "train_inputs": "train_images", "train_targets": "train_labels",
        "test_inputs": "test_images", "test_targets": "test_labels",
    }  # fmt: skip
    assert roles(tmp_path, x=X, a=Y, y=Y, target="a") == {"train_inputs": "x", "train_targets": "a"}


def test_test_inputs_without_targets_are_not_used(tmp_path: Path) -> None:
    assert roles(tmp_path, x_train=X, y_train=Y, x_test=X)["test_inputs"] == "none"


def test_unknown_names_are_an_error_that_lists_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="It contains p, q"):
        roles(tmp_path, p=X, q=Y)
    with pytest.raises(DataError, match=r"no array 'yy'\. Did you mean `y`"):
        roles(tmp_path, x=X, y=Y, target="yy")


def test_a_file_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("text")
    with pytest.raises(DataError, match="is not a NumPy"):
        guess_source(tmp_path / "a.npz")
