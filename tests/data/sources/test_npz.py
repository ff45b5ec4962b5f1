"""Arrays from NumPy files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data.source import load_source as load_npz
from dnnctl.errors import DataError
from dnnctl.specs.source import Npz


def npz(path: Path, **arrays: Any) -> Npz:
    np.savez(path, **arrays)
    return Npz(kind="npz", path=str(path))


X = np.arange(12, dtype=np.float64).reshape(4, 3)


def test_labels_become_classes_from_zero_in_the_order_of_their_values(tmp_path: Path) -> None:
    raw = load_npz(
        npz(
            tmp_path / "a.npz",
            x_train=X,
            y_train=np.array([7, -2, 7, 30]),
            x_test=X,
            y_test=np.array([[30], [7], [7], [-2]]),
        )
    )
    assert raw.train.targets.tolist() == [1, 0, 1, 2]
    assert raw.test is not None
    assert raw.test.targets.tolist() == [2, 1, 1, 0]
    assert raw.class_names == ("-2", "7", "30")
    assert raw.train.inputs.dtype == np.float32


def test_words_and_booleans_are_classes_and_floats_are_numbers(tmp_path: Path) -> None:
    assert load_npz(npz(tmp_path / "a.npz", x_train=X, y_train=np.array(["b", "a", "b", "a"]))).class_names == (
        "a",
        "b",
    )
    assert load_npz(npz(tmp_path / "b.npz", x_train=X, y_train=X[:, 0] > 4)).class_names == ("0", "1")
    numbers = load_npz(npz(tmp_path / "c.npz", x_train=X, y_train=X[:, 0]))
    assert (numbers.task, numbers.train.targets.shape) == ("numbers", (4, 1))
    both = load_npz(
        npz(tmp_path / "d.npz", x_train=X, y_train=np.arange(8).reshape(4, 2)).model_copy(update={"task": "numbers"})
    )
    assert both.train.targets.shape == (4, 2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": X}, "contains: images"),
        ({"x_train": X}, "no array 'y_train'"),
        ({"x_train": X, "y_train": np.arange(3)}, "4 train inputs, but 3"),
        ({"x_train": X[:, 0], "y_train": np.arange(4)}, "one example per row"),
        ({"x_train": X, "y_train": np.zeros(4, int)}, "nothing to learn"),
        ({"x_train": X, "y_train": np.zeros((4, 2), int)}, "one label per example"),
        ({"x_train": X * np.nan, "y_train": np.arange(4)}, "the first in row 0"),
        ({"x_train": X.astype(str), "y_train": np.arange(4)}, "must be numbers"),
        ({"x_train": X, "y_train": np.arange(4), "x_test": X}, "no array 'y_test'"),
        ({"x_train": X[:, :0], "y_train": np.arange(4)}, "one example per row"),
        (
            {"x_train": X, "y_train": np.arange(4), "x_test": X, "y_test": np.arange(1, 5)},
            "no training example has: '4'",
        ),
        ({"x_train": X, "y_train": X, "x_test": X, "y_test": X[:, :2]}, "test targets 4 × 2"),
        ({"x_train": X / 10 + 1.7e9, "y_train": np.arange(4)}, "cannot be distinguished in float32"),
        ({"x_train": X, "y_train": np.arange(4), "x_test": X[:, :2], "y_test": np.arange(4)}, "test inputs 4 × 2"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_npz(npz(tmp_path / "a.npz", **arrays))


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contains Python objects"):
        load_npz(npz(tmp_path / "a.npz", x_train=np.array([{}, {}], object), y_train=np.arange(2)))


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    """A file of another kind is called so, not damaged."""
    with pytest.raises(DataError, match="no such file"):
        load_npz(Npz(kind="npz", path=str(tmp_path / "a.npz")))
    for content, message in {b"text": r"is not a NumPy \.npz file", b"": "is empty"}.items():
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(DataError, match=message):
            load_npz(Npz(kind="npz", path=str(tmp_path / "b.npz")))
    with pytest.raises(DataError, match="cannot be read"):
        load_npz(Npz(kind="npz", path=str(tmp_path)))
    np.save(tmp_path / "c.npy", X)
    with pytest.raises(DataError, match="without a name"):
        load_npz(Npz(kind="npz", path=str(tmp_path / "c.npy")))


def test_no_damage_is_a_crash(tmp_path: Path) -> None:
    path, draw = tmp_path / "a.npz", np.random.default_rng(0)
    np.savez_compressed(path, x_train=X, y_train=np.arange(4))
    whole = path.read_bytes()
    n_refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[draw.integers(len(whole))] = draw.integers(256)
        path.write_bytes(damaged[: draw.integers(1, len(whole))] if draw.random() < 0.3 else damaged)
        try:
            load_npz(Npz(kind="npz", path=str(path)))
        except DataError:
            n_refused += 1
    assert n_refused > 100


def test_rows_of_several_ones_are_labels_only_if_asked_for(tmp_path: Path) -> None:
    labels = np.array([[1, 1], [0, 1], [0, 0], [1, 0]])
    source = npz(tmp_path / "a.npz", x_train=X, y_train=labels)
    with pytest.raises(DataError, match="task: labels"):
        load_npz(source)
    raw = load_npz(source.model_copy(update={"task": "labels"}))
    assert (raw.task, raw.train.targets.tolist()) == ("labels", labels.tolist())
