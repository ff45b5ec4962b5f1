"""Images in class folders."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

import pytest

from dnnctl.data.images.folder import list_folder
from dnnctl.data.images.listing import ImageFile
from dnnctl.errors import DataError
from image_files import write_folder


def made(root: Path, *names: str) -> Path:
    return write_folder(root, dict.fromkeys(names, b""))


def found(root: Path) -> list[tuple[str, str, str]]:
    return [(file.split, file.label, file.path) for file in list_folder(root).files]


def test_classes_are_folders_in_alphabetical_order_and_images_may_be_deeper(tmp_path: Path) -> None:
    made(tmp_path, "dog/b.png", "dog/A.JPG", "cat/x/y/1.webp", "cat/0.png", "cat/10.png", "cat/9.png", "a b/1.gif")
    assert found(tmp_path) == [
        ("train", "a b", "a b/1.gif"),
        ("train", "cat", "cat/0.png"),
        ("train", "cat", "cat/10.png"),
        ("train", "cat", "cat/9.png"),
        ("train", "cat", "cat/x/y/1.webp"),
        ("train", "dog", "dog/A.JPG"),
        ("train", "dog", "dog/b.png"),
    ]


@pytest.mark.parametrize(
    "names", [("train", "validation", "test"), ("Training", "val", "Testing"), ("TRAIN", "valid", "test")]
)
def test_folders_with_the_names_of_splits_are_splits(tmp_path: Path, names: tuple[str, ...]) -> None:
    made(tmp_path, *(f"{name}/{label}/1.png" for name in names for label in "ab"))
    splits = [(split, label) for split, label, _ in found(tmp_path)]
    assert splits == [(split, label) for split in ("train", "validation", "test") for label in "ab"]


def test_a_class_can_have_the_name_of_a_split(tmp_path: Path) -> None:
    made(tmp_path, "test/1.png", "experiment/1.png")
    assert [label for _, label, _ in found(tmp_path)] == ["experiment", "test"]


def test_hidden_files_and_those_of_file_managers_are_ignored_and_others_are_named(tmp_path: Path) -> None:
    made(
        tmp_path, "a/1.png", "a/.DS_Store", "a/._1.png", "a/Thumbs.db", "b/desktop.ini", "b/2.png", "readme.txt",
        ".ipynb_checkpoints/1.png", "__MACOSX/a/1.png", "b/notes/list.csv",
    )  # fmt: skip
    listing = list_folder(tmp_path)
    assert listing.paths() == ["a/1.png", "b/2.png"]
    assert listing.others == ["b/notes/list.csv", "readme.txt"]


def test_images_in_formats_that_cannot_be_read_are_not_ignored(tmp_path: Path) -> None:
    made(tmp_path, "a/1.HEIC", "b/2.png")
    assert list_folder(tmp_path).paths() == ["a/1.HEIC", "b/2.png"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "has no images"),
        (("a/1.txt", "b/2.txt"), "has no images"),
        (("a/1.png", "b/1.png", "3.png"), "not in a class folder: 3.png"),
        (("1.png", "2.png"), "not in a class folder: 1.png, 2.png"),
        (("a/1.png", "b/1.txt"), r"folders without images.*\n  b"),
        (("photos/a/1.png", "photos/b/1.png"), "one class folder, photos"),
        (("train/a/1.png", "train/b/1.png", "test/1.png"), "not in a class folder: test/1.png"),
        (("train/a/1.png", "train/b/1.png", "test/a/1.png", "old/a/1.png"), r"others \(old\)"),
        (("train/a/1.png", "train/b/1.png", "val/a/1.png", "valid/a/1.png"), "the validation split: val, valid"),
        (("test/a/1.png", "val/b/1.png"), "no folder `train`"),
        (("train/a/1.txt", "test/a/1.png"), "without images|one class folder"),
    ],
)
def test_an_ambiguous_folder_is_refused(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    made(tmp_path, *names)
    with pytest.raises(DataError, match=message):
        list_folder(tmp_path)


def test_links_are_followed_once(tmp_path: Path) -> None:
    """Links in a circle end, and nothing is found twice in a class."""
    made(tmp_path / "elsewhere", "1.png")
    root = made(tmp_path / "photos", "a/1.png", "b/inner/2.png")
    (root / "a" / "up").symlink_to(root, target_is_directory=True)
    (root / "a" / "self").symlink_to("self")
    (root / "b" / "inner" / "again").symlink_to(root / "b", target_is_directory=True)
    (root / "b" / "more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "b" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert list_folder(root).paths() == ["a/1.png", "b/gone.png", "b/inner/2.png", "b/more/1.png"]
    assert list_folder(root).others == ["a/self"]


@pytest.mark.parametrize("step", [1, -1])
def test_the_order_of_the_file_system_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Not even for the path of a folder that several links lead to."""
    made(tmp_path / "elsewhere", "1.png")
    root = made(tmp_path / "photos", "a/2.png", "b/3.png")
    for name in ("x", "y"):
        (root / "a" / name).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: nullcontext(sorted(scan(folder), key=lambda e: e.name)[::step]))
    assert list_folder(root).paths() == ["a/2.png", "a/x/1.png", "b/3.png"]


def test_accents_have_one_spelling(tmp_path: Path) -> None:
    """A decomposed é, as some file systems write it, is the composed one."""
    made(tmp_path, "train/caf\u0065\u0301/1.png", "train/bar/1.png", "test/caf\u00e9/2.png")
    assert {file.label for file in list_folder(tmp_path).files} == {"bar", "caf\u00e9"}


def test_names_that_are_no_text(tmp_path: Path) -> None:
    made(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a/1.png").rename(tmp_path / "a/\udcff.png")
    assert list_folder(tmp_path).files[0] == ImageFile("a/\udcff.png", "train", "a")
    (tmp_path / "b").rename(tmp_path / "\udcff")
    with pytest.raises(DataError, match="not UTF-8"):
        list_folder(tmp_path)
