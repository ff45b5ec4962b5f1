"""Arrays from pairs of NumPy files, which are mapped into memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data import arrays
from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import Npy

X = np.arange(12, dtype=np.float64).reshape(4, 3)
Y = np.array([7, -2, 7, 30])


def npy(folder: Path, task: str = "auto", **named: Any) -> Npy:
    for name, array in named.items():
        np.save(folder / f"{name}.npy", array)
    return Npy.model_validate({"kind": "npy", "task": task, **{name: str(folder / f"{name}.npy") for name in named}})


def test_rows_are_those_of_the_files_in_the_order_asked_for(tmp_path: Path) -> None:
    """Oracle: NumPy's own indexing. float64 becomes float32, uint8 remains."""
    images = np.random.default_rng(0).integers(0, 256, (4, 2, 2)).astype(np.uint8)
    for inputs, dtype in ((X, np.float32), (images, np.uint8)):
        raw = load_source(npy(tmp_path, train_inputs=inputs, train_targets=Y))
        part = raw.train.take(np.array([3, 0, 3]))
        assert part.inputs.dtype == dtype
        np.testing.assert_array_equal(part.inputs, inputs[[3, 0, 3]])
        assert part.targets.tolist() == [2, 1, 2]
        np.testing.assert_array_equal(raw.train.take(slice(1, 3)).inputs, inputs[1:3])


def test_what_is_taken_does_not_change_with_the_file(tmp_path: Path) -> None:
    raw = load_source(npy(tmp_path, train_inputs=X.astype(np.float32), train_targets=Y))
    part = raw.train.take(slice(None))
    with (tmp_path / "train_inputs.npy").open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\0\0")
    np.testing.assert_array_equal(part.inputs, X)


def test_the_splits_and_the_classes_are_those_of_npz(tmp_path: Path) -> None:
    source = npy(
        tmp_path, train_inputs=X, train_targets=Y, validation_inputs=X[:1], validation_targets=Y[:1],
        test_inputs=X[1:], test_targets=Y[1:],
    )  # fmt: skip
    raw = load_source(source)
    assert raw.class_names == ("-2", "7", "30")
    assert raw.validation is not None
    assert raw.test is not None
    assert (raw.validation.targets.tolist(), raw.test.targets.tolist()) == ([1], [0, 1, 2])


def test_labels_are_rows_of_zeros_and_ones(tmp_path: Path) -> None:
    labels = np.array([[0, 1], [1, 1], [0, 0], [1, 0]])
    raw = load_source(npy(tmp_path, "labels", train_inputs=X, train_targets=labels))
    assert (raw.task, raw.class_names, raw.train.targets.dtype) == ("labels", ("0", "1"), np.float32)
    np.testing.assert_array_equal(raw.train.targets, labels)


@pytest.mark.parametrize("chunk", [1, 1 << 24], ids=["row by row", "at once"])
def test_the_digest_is_that_of_the_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """It depends neither on the place of the file, nor on its memory order, nor on how it is read."""
    (tmp_path / "other").mkdir()
    first = load_source(npy(tmp_path, train_inputs=X, train_targets=Y)).digest()
    monkeypatch.setattr(arrays, "CHUNK_BYTES", chunk)
    assert load_source(npy(tmp_path / "other", train_inputs=np.asfortranarray(X), train_targets=Y)).digest() == first
    changed = X.copy()
    changed[2, 1] += 1
    assert load_source(npy(tmp_path, train_inputs=changed, train_targets=Y)).digest() != first
    cubes = [X.repeat(2).reshape(4, *shape) for shape in ((2, 3), (3, 2))]
    assert len({load_source(npy(tmp_path, train_inputs=cube, train_targets=Y)).digest() for cube in cubes}) == 2


def test_a_file_is_checked_again_only_after_it_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    source = npy(tmp_path, train_inputs=X, train_targets=Y)
    path = Path(source.train_inputs)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    digest = load_source(source).digest()
    with monkeypatch.context() as patched:
        patched.setattr("dnnctl.data.sources.npy.check_values", lambda *_: pytest.fail("it was checked again"))
        assert load_source(source).digest() == digest
    np.save(path, np.full_like(X, np.nan))
    os.utime(path, ns=(0, 0))
    with pytest.raises(DataError, match="infinite or NaN"):
        load_source(source)


@pytest.mark.parametrize(
    ("named", "task", "message"),
    [
        ({"train_inputs": X, "train_targets": np.arange(3)}, "auto", "4 train inputs, but 3"),
        ({"train_inputs": X[:, 0], "train_targets": Y}, "auto", "one example per row"),
        ({"train_inputs": X[:0], "train_targets": Y}, "auto", "one example per row|empty"),
        ({"train_inputs": X, "train_targets": np.zeros(4, int)}, "auto", "nothing to learn"),
        ({"train_inputs": X.astype(str), "train_targets": Y}, "auto", "must be numbers"),
        ({"train_inputs": X / 10 + 1.7e9, "train_targets": Y}, "auto", "column 0: values from 1700000000 to"),
        ({"train_inputs": X, "train_targets": Y, "test_inputs": X}, "auto", "test_targets is missing"),
        ({"train_inputs": X, "train_targets": np.full(4, np.inf)}, "numbers", "infinite or NaN"),
        ({"train_inputs": X, "train_targets": Y}, "labels", "row 0 of the train targets has 7 in column 0"),
        ({"train_inputs": X, "train_targets": np.ones((4, 2))}, "labels", "nothing to learn"),
        ({"train_inputs": X, "train_targets": np.float32(1)}, "auto", "a single value"),
        (
            {"train_inputs": X, "train_targets": Y, "test_inputs": X[:, :2], "test_targets": Y},
            "auto",
            "test inputs 4 × 2",
        ),
        (
            {"train_inputs": X.astype(np.uint8), "train_targets": Y, "test_inputs": X / 12, "test_targets": Y},
            "auto",
            "training inputs are uint8, test inputs float64",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, named: dict[str, Any], task: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_source(npy(tmp_path, task, **named))


@pytest.mark.parametrize("row", [0, 2, 3])
def test_a_value_that_is_not_finite_is_found_in_any_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: int
) -> None:
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 2 * X[0].nbytes)
    inputs = X.copy()
    inputs[row, 1] = 1e300 if row == 2 else np.nan
    with pytest.raises(DataError, match=f"the first in row {row}"):
        load_source(npy(tmp_path, train_inputs=inputs, train_targets=Y))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file. Fix `data.source.train_inputs`"),
        (b"", "is empty"),
        (b"text", r"not a NumPy \.npy file"),
        (b"PK\x03\x04", "kind: npz"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': 1}    \n", "damaged or incomplete"),
        (b"\x93NUMPY", "damaged or incomplete"),
    ],
)
def test_a_missing_or_foreign_file_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    source = npy(tmp_path, train_inputs=X, train_targets=Y)
    Path(source.train_inputs).unlink()
    if content is not None:
        Path(source.train_inputs).write_bytes(content)
    with pytest.raises(DataError, match=message):
        load_source(source)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    source = npy(tmp_path, train_inputs=X, train_targets=Y)
    whole = Path(source.train_inputs).read_bytes()
    Path(source.train_inputs).write_bytes(whole[:-1])
    with pytest.raises(DataError, match="incomplete"):
        load_source(source)


def test_no_damage_is_a_crash(tmp_path: Path) -> None:
    source, draw = npy(tmp_path, train_inputs=X, train_targets=Y), np.random.default_rng(0)
    path = Path(source.train_inputs)
    whole = path.read_bytes()
    n_refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[draw.integers(80)] = draw.integers(256)
        path.write_bytes(damaged)
        try:
            load_source(source)
        except DataError:
            n_refused += 1
    assert n_refused > 100


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}, {}], object), allow_pickle=True)
    path = str(tmp_path / "objects.npy")
    with pytest.raises(DataError, match="contains Python objects"):
        load_source(Npy(kind="npy", train_inputs=path, train_targets=path))
