"""Image files in class folders, or named in a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data.dataset import Part, RawData
from dnnctl.data.images import examine as examine_module
from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.images import Images
from image_files import draw_pixels, png, write_folder

IMAGES = draw_pixels(6, 4, 5, 3)
NAMES = ["b/1.png", "b/2.png", "a/3.png", "a/4.png", "a/deep/er/5.png", "c/6.png"]
SORTED = [2, 3, 4, 0, 1, 5]
"""The order of the rows: classes, then paths."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "photos", dict(zip(NAMES, IMAGES, strict=True)))


def load(path: Path, **keys: Any) -> RawData:
    return load_source(Images.model_validate({"kind": "images", "path": str(path), **keys}))


def test_a_class_folder_s_images_are_examples_of_the_class(folder: Path) -> None:
    """Oracle: the pixels that were written."""
    raw = load(folder)
    assert (raw.class_names, raw.train.targets.tolist()) == (("a", "b", "c"), [0, 0, 0, 1, 1, 2])
    assert (raw.task, raw.test, raw.validation, raw.warnings) == ("classes", None, None, ())
    np.testing.assert_array_equal(raw.train.take(slice(None)).inputs, IMAGES[SORTED])
    np.testing.assert_array_equal(raw.train.take(np.array([5, 0])).inputs, IMAGES[[5, 2]])


@pytest.mark.parametrize("keys", [{}, {"cache": True}])
def test_the_second_start_gives_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any]
) -> None:
    """With pixels from the first pass, from the files, and from the cache."""
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    first, second = load(folder, **keys), load(folder, **keys)
    for raw in (first, second):
        np.testing.assert_array_equal(raw.train.take(slice(None)).inputs, IMAGES[SORTED])
    assert first.digest() == second.digest()


def test_cached_pixels_are_not_decoded_again_unless_they_are_damaged(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    load(folder, cache=True)
    decoded: list[Any] = []
    decode = examine_module.decode
    monkeypatch.setattr(examine_module, "decode", lambda data, form: decoded.append(data) or decode(data, form))
    raw = load(folder, cache=True)
    np.testing.assert_array_equal(raw.train.take(slice(None)).inputs, IMAGES[SORTED])
    assert decoded == []
    (path,) = (file for file in tmp_path.rglob("*.npy") if "crc" not in file.name)
    pixels = np.load(path)
    pixels[4] += 1
    np.save(path, pixels)
    np.testing.assert_array_equal(load(folder, cache=True).train.take(slice(None)).inputs, IMAGES[SORTED])
    assert decoded == [(folder / "b/2.png").read_bytes()]


def test_pixels_of_another_decoder_are_not_used(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two versions of a library can decode the same JPEG differently."""
    monkeypatch.setenv("DNNCTL_CACHE_DIR", str(tmp_path / "cache"))
    load(folder, cache=True)
    monkeypatch.setattr("PIL.__version__", "0.0")
    load(folder, cache=True)
    assert len([path for path in tmp_path.rglob("pixels/*.npy") if "crc" not in path.name]) == 2


def test_the_digest_is_that_of_the_images_wherever_they_are(folder: Path, tmp_path: Path) -> None:
    first = load(folder).digest()
    moved = folder.rename(tmp_path / "elsewhere")
    assert load(moved).digest() == first
    assert load(moved, color="rgb").digest() == first
    assert load(moved, size=2).digest() != first
    changed = IMAGES[5].copy()
    changed[3, 4, 2] ^= 1
    write_folder(moved, {"c/6.png": changed})
    assert load(moved).digest() != first


def test_the_splits_are_folders(tmp_path: Path) -> None:
    for split, numbers in {"train": range(4), "val": range(4, 5), "test": range(5, 6)}.items():
        names = {f"{split}/{'ab'[number % 2]}/{number}.png": IMAGES[number] for number in numbers}
        write_folder(tmp_path, names)
    raw = load(tmp_path)
    assert raw.validation is not None
    assert raw.test is not None
    np.testing.assert_array_equal(raw.train.take(slice(None)).inputs, IMAGES[[0, 2, 1, 3]])
    np.testing.assert_array_equal(raw.validation.take(slice(None)).inputs, IMAGES[4:5])
    np.testing.assert_array_equal(raw.test.take(slice(None)).inputs, IMAGES[5:])
    assert (raw.validation.targets.tolist(), raw.test.targets.tolist()) == ([0], [1])
    write_folder(tmp_path, {"test/lion/1.png": IMAGES[0]})
    with pytest.raises(DataError, match="Test targets contain labels that no training example has: 'lion'"):
        load(tmp_path)


def test_color_is_that_of_the_files_unless_it_is_given(tmp_path: Path, folder: Path) -> None:
    grey = write_folder(tmp_path / "grey", {"a/1.png": IMAGES[0, :, :, 0], "b/2.png": IMAGES[1, :, :, 0]})
    np.testing.assert_array_equal(load(grey).train.take(slice(None)).inputs, IMAGES[:2, :, :, 0])
    repeated = np.repeat(IMAGES[:2, :, :, :1], 3, axis=3)
    np.testing.assert_array_equal(load(grey, color="rgb").train.take(slice(None)).inputs, repeated)
    assert load(folder, color="grey").train.take(slice(None)).inputs.shape == (6, 4, 5)
    write_folder(grey, {"b/3.png": IMAGES[2]})
    mixed = load(grey).train.take(slice(None)).inputs
    np.testing.assert_array_equal(mixed, np.concatenate([repeated, IMAGES[2:3]]))


def test_without_size_all_images_have_one(folder: Path) -> None:
    write_folder(folder, {"c/7.png": draw_pixels(1, 9, 2, 3)[0]})
    with pytest.raises(DataError, match=r"different sizes: 4 × 5 \(6 images\), 9 × 2 \(1 image\) .*`size: \[64, 64\]`"):
        load(folder)
    assert load(folder, size=[4, 5]).train.take(slice(None)).inputs.shape == (7, 4, 5, 3)
    assert load(folder, size=8, color="grey").train.take(slice(None)).inputs.shape == (7, 8, 8)


def test_unreadable_images_are_all_listed_or_skipped(folder: Path) -> None:
    damaged = {f"b/bad-{number:02}.png": png(IMAGES[0])[:40] for number in range(14)}
    write_folder(folder, {**damaged, "a/0.heic": b"\0\0\0\x18ftypheic", "readme.txt": b""})
    with pytest.raises(DataError) as raised:
        load(folder)
    lines = str(raised.value).splitlines()
    assert len(lines) <= 20
    assert "15 of 21 images cannot be read" in lines[0]
    assert "a/0.heic: not an image" in lines[1]
    assert lines[-2:] == ["  … and 5 more.", "Replace or remove these files, or write `on_error: skip` in data.source."]
    raw = load(folder, on_error="skip")
    np.testing.assert_array_equal(raw.train.take(slice(None)).inputs, IMAGES[SORTED])
    skipped, others = raw.warnings
    assert skipped.startswith("15 images cannot be read")
    assert others.endswith("ignored 1 file of other kinds: readme.txt")


def test_a_split_without_a_readable_image_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, {"train/a/1.png": IMAGES[0], "train/b/2.png": IMAGES[1], "test/a/3.png": b""})
    with pytest.raises(DataError, match="no image of the test split can be read"):
        load(tmp_path, on_error="skip")


@pytest.fixture
def table(folder: Path) -> Iterator[Path]:
    path = folder.parent / "labels.csv"
    path.write_text("image,label\n" + "".join(f"photos/{NAMES[row]},{10 - row}\n" for row in range(6)))
    return path


def test_a_table_names_images_in_the_order_of_its_rows(table: Path) -> None:
    """Whole numbers are classes in the order of their values: 5 is before 10."""
    raw = load(table)
    np.testing.assert_array_equal(raw.train.take(slice(None)).inputs, IMAGES)
    assert raw.class_names == ("5", "6", "7", "8", "9", "10")
    assert raw.train.targets.tolist() == [5, 4, 3, 2, 1, 0]


def test_a_table_can_give_numbers_to_predict(table: Path) -> None:
    raw = load(table, task="numbers")
    assert (raw.task, raw.train.targets.tolist()) == ("numbers", [[10], [9], [8], [7], [6], [5]])
    table.write_text(table.read_text() + "photos/c/6.png,many\n")
    with pytest.raises(DataError, match="'many' in the column 'label' is not a number"):
        load(table, task="numbers")
    table.write_text(table.read_text().replace("many", "nan"))
    with pytest.raises(DataError, match="NaN"):
        load(table, task="numbers")


def test_missing_images_of_a_table_are_listed(table: Path) -> None:
    table.write_text(table.read_text() + "photos/7.png,3\n/nowhere/8.png,3\n")
    with pytest.raises(DataError, match=r"2 of 8 images(.|\n)*  photos/7.png: no such file\n  /nowhere/8.png"):
        load(table)


@pytest.mark.parametrize(
    ("name", "keys", "message"),
    [
        ("nowhere", {}, "no such folder or file. Fix `data.source.path`"),
        ("photos.zip", {}, "is an archive. Unpack it"),
        ("photos", {"task": "numbers"}, "are for a CSV file"),
        ("photos/b/1.png", {}, "not a readable CSV file"),
    ],
)
def test_a_path_that_does_not_fit_is_refused(folder: Path, name: str, keys: dict[str, Any], message: str) -> None:
    (folder.parent / "photos.zip").touch()
    with pytest.raises(DataError, match=message):
        load(folder.parent / name, **keys)


def examples(part: Part) -> tuple[list[Any], list[int]]:
    return list(part.inputs), part.targets.tolist()


def test_a_test_split_is_taken_from_the_training_images(tmp_path: Path) -> None:
    """A fifth of each class, the same each time, and no image twice."""
    pixels = draw_pixels(30, 2, 2)
    folder = write_folder(
        tmp_path / "data", {f"{'ab'[n % 3 == 0]}/{n:02}.png": image for n, image in enumerate(pixels)}
    )
    whole, raw, again = load(folder), load(folder, test={"size": 0.2}), load(folder, test={"size": 0.2})
    assert raw.test is not None
    assert again.digest() == raw.digest()
    assert np.bincount(raw.test.targets).tolist() == [4, 2]
    parts = [part.take(slice(None)) for part in (raw.train, raw.test)]
    found = {
        (image.tobytes(), int(label)) for part in parts for image, label in zip(part.inputs, part.targets, strict=True)
    }
    every = whole.train.take(slice(None))
    expected = {(image.tobytes(), int(label)) for image, label in zip(every.inputs, every.targets, strict=True)}
    assert (found, len(parts[0]) + len(parts[1])) == (expected, 30)


def test_a_second_test_split_is_refused(tmp_path: Path) -> None:
    names = [f"{split}/{label}/1.png" for split in ("train", "test") for label in "ab"]
    folder = write_folder(tmp_path / "data", dict(zip(names, draw_pixels(4, 2, 2), strict=True)))
    with pytest.raises(DataError, match=r"data\.source\.test: the images have a test split of their own"):
        load(folder, test={"size": 1})
