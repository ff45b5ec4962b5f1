"""The splits in TFRecord files, written by TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from record_files import write_records

from dnnctl.data.dataset import RawData
from dnnctl.data.records import index as index_module
from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import TfRecord
from image_files import draw_pixels, png

ROWS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
LABELS = ["b", "a", "c", "a", "b", "c"]
NUMBERS = [{"inputs": row, "target": label, "id": n} for n, (row, label) in enumerate(zip(ROWS, LABELS, strict=True))]
IMAGES = draw_pixels(4, 5, 6, 3)


def load(path: Path | str, **keys: Any) -> RawData:
    return load_source(TfRecord.model_validate({"kind": "tfrecord", "path": str(path), **keys}))


def inputs(raw: RawData) -> Any:
    return raw.train.take(slice(None)).inputs


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ROWS),
        ({"shape": [2, 2]}, ROWS.reshape(-1, 2, 2)),
        ({"inputs": ["id", "inputs"]}, np.hstack([np.arange(6)[:, None], ROWS])),
    ],
)
def test_numbers_are_rows(tmp_path: Path, keys: dict[str, Any], expected: Any) -> None:
    raw = load(write_records(tmp_path / "a.tfrecord", NUMBERS), **keys)
    np.testing.assert_array_equal(inputs(raw), expected.astype(np.float32))
    assert raw.class_names == ("a", "b", "c")
    assert raw.train.targets.tolist() == [1, 0, 2, 0, 1, 2]
    rows = np.array([4, 0, 4])
    np.testing.assert_array_equal(raw.train.take(rows).inputs, expected[rows].astype(np.float32))


def test_several_files_are_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    write_records(tmp_path / "a-2.tfrecord", NUMBERS[2:])
    write_records(tmp_path / "a-1.tfrecord", NUMBERS[:2])
    test = write_records(tmp_path / "test.tfrecord", NUMBERS[:1])
    pattern = str(tmp_path / "a-*.tfrecord")
    raw = load(pattern, test_path=str(test), validation_path=str(test))
    rows = np.array([5, 1, 2, 0])
    np.testing.assert_array_equal(raw.train.take(rows).inputs, ROWS[rows])
    assert [part and part.targets.tolist() for part in (raw.validation, raw.test)] == [[1], [1]]
    digest = raw.digest()
    monkeypatch.setattr(index_module, "read_records", lambda _path: pytest.fail("the index is cached"))
    again = load(pattern, test_path=str(test), validation_path=str(test))
    assert again.digest() == digest
    np.testing.assert_array_equal(inputs(again), ROWS)
    with pytest.raises(DataError, match="no such file"):
        load(tmp_path / "b-*.tfrecord")


@pytest.mark.parametrize(
    ("target", "task", "encoded"),
    [
        ([3, 7], "classes", [0, 1]),
        ([1.5, 2.0], "numbers", [[1.5], [2]]),
        ([[1.5, 2], [3, 4]], "numbers", [[1.5, 2], [3, 4]]),
    ],
)
def test_targets_are_encoded_as_those_of_arrays(tmp_path: Path, target: list[Any], task: str, encoded: Any) -> None:
    path = write_records(tmp_path / "a.tfrecord", [{"inputs": [1.0], "target": each} for each in target])
    raw = load(path)
    assert (raw.task, raw.train.targets.tolist()) == (task, encoded)


def test_images_are_decoded_and_bytes_are_values(tmp_path: Path) -> None:
    examples = [{"image": png(image), "raw": image.tobytes(), "target": n} for n, image in enumerate(IMAGES)]
    path = write_records(tmp_path / "a.tfrecord", examples)
    encoded = load(path, inputs="image")
    raw = load(path, inputs="raw", shape=[5, 6, 3])
    for found in (encoded, raw):
        np.testing.assert_array_equal(inputs(found), IMAGES)
        assert found.train.input_type == np.uint8
    small = load(path, inputs="image", size=[2, 3], color="grey")
    assert small.train.input_shape == (2, 3)
    assert len({encoded.digest(), small.digest(), load(path, inputs="image", size=[2, 3]).digest()}) == 3


def test_images_of_different_sizes_need_a_size(tmp_path: Path) -> None:
    grey = draw_pixels(1, 4, 4)[0]
    path = write_records(
        tmp_path / "a.tfrecord", [{"inputs": png(IMAGES[0]), "target": 0}, {"inputs": png(grey), "target": 1}]
    )
    with pytest.raises(DataError, match=r"different sizes: 4 × 4, 5 × 6"):
        load(path)
    assert load(path, size=3).train.input_shape == (3, 3, 3)


@pytest.mark.parametrize(
    ("second", "keys", "message"),
    [
        ({"inputs": [1.0, 2.0], "target": 1}, {}, r"record 2: the inputs have the shape 2, but 1 in earlier"),
        ({"inputs": [float("nan")], "target": 1}, {}, r"record 2: the inputs contain infinite"),
        ({"inputs": [], "target": 1}, {}, r"record 2: the inputs are empty"),
        ({"inputs": b"xy", "target": 1}, {}, r"record 2: the feature 'inputs' contains bytes"),
        ({"input": [1.0], "target": 1}, {}, r"record 2: no feature 'inputs'\. Did you mean `input`\?"),
        ({"inputs": [1.0], "target": []}, {}, r"record 2: the target 'target' is empty"),
        ({"inputs": [1.0], "target": b"\xff"}, {}, r"record 2: the target 'target' contains bytes that are not text"),
        ({"inputs": [1.0], "target": "x"}, {}, r"the targets are numbers and text"),
        ({}, {}, r"record 2: the record is empty"),
        ({"inputs": [1.0], "target": 1}, {"shape": [2]}, r"record 1: the inputs have 1 values, but the shape is 2"),
        (
            {"inputs": [1.0], "image": b"", "target": 1},
            {"inputs": "image"},
            r"record 1: the feature 'image' is not an image",
        ),
    ],
)
def test_a_record_that_does_not_fit_is_named(
    tmp_path: Path, second: dict[str, Any], keys: dict[str, Any], message: str
) -> None:
    path = write_records(tmp_path / "a.tfrecord", [{"inputs": [1.0], "target": 0, "image": b"none"}, second])
    with pytest.raises(DataError, match=message):
        load(path, **keys)


def test_files_of_different_kinds_are_refused(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.tfrecord", NUMBERS)
    other = write_records(tmp_path / "b.tfrecord", [{"inputs": [1.0], "target": "a"}])
    with pytest.raises(DataError, match=r"b\.tfrecord: the inputs are numbers 1, but those of .* are numbers 4"):
        load(path, test_path=str(other))


def test_a_file_that_changed_is_not_read(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.tfrecord", NUMBERS)
    raw = load(path)
    write_records(path, NUMBERS[:5])
    with pytest.raises(DataError, match="changed while it was in use"):
        inputs(raw)
