"""What each image file contains, and the cache of it."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.images import examine as examine_module
from dnnctl.data.images import index as module
from dnnctl.data.images.decode import Form
from dnnctl.data.images.index import Index, build_index
from dnnctl.data.images.kept import Kept
from dnnctl.data.source import no_progress
from image_files import draw_pixels, png, write_folder

PATHS = ["a/1.png", "a/2.png", "b/3.png"]


def index_of(root: Path, paths: list[str]) -> Index:
    return build_index(root, root, paths, Form(), Kept(len(paths)), no_progress)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    grey, color = draw_pixels(1, 3, 4)[0], draw_pixels(1, 5, 6, 3)[0]
    return write_folder(tmp_path / "photos", {"a/1.png": grey, "a/2.png": color, "b/3.png": b"text"})


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    names: list[str] = []
    read = examine_module.read_file

    def note(path: str) -> bytes:
        names.append(Path(path).name)
        return read(path)

    monkeypatch.setattr(examine_module, "read_file", note)
    return names


def assert_equal(first: Index, second: Index) -> None:
    for name in ("sha256", "sizes", "is_grey", "n_bytes", "times"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.problems == second.problems


def test_each_file_has_its_digest_size_and_problem(root: Path) -> None:
    index = index_of(root, PATHS)
    for path, digest in zip(PATHS, index.sha256, strict=True):
        assert digest.tobytes() == sha256((root / path).read_bytes()).digest()
    assert index.sizes[:2].tolist() == [[3, 4], [5, 6]]
    assert index.is_grey[:2].tolist() == [True, False]
    assert index.problems[:2] == ["", ""]
    assert "not an image" in index.problems[2]


@pytest.mark.usefixtures("own_cache")
def test_the_cached_index_is_the_index(root: Path, examined: list[str]) -> None:
    """A file is read again only after its size or time changed; unreadable files are remembered, too."""
    first = index_of(root, PATHS)
    assert sorted(examined) == ["1.png", "2.png", "3.png"]
    examined.clear()
    assert_equal(index_of(root, PATHS), first)
    assert examined == []
    os.utime(root / "a/2.png", (1, 1))
    (root / "b/3.png").write_bytes(png(draw_pixels(1, 2, 2)[0]))
    write_folder(root, {"b/4.png": draw_pixels(1, 2, 2, seed=1)[0]})
    index_of(root, [*PATHS, "b/4.png"])
    assert sorted(examined) == ["2.png", "3.png", "4.png"]


@pytest.mark.usefixtures("own_cache")
def test_another_size_is_another_file(root: Path) -> None:
    """Also if the time is the same, as after unpacking an archive."""
    index_of(root, PATHS)
    write_folder(root, {"b/3.png": b"longer text"})
    assert index_of(root, PATHS).sha256[2].tobytes() == sha256(b"longer text").digest()


@pytest.mark.usefixtures("own_cache")
def test_folders_with_the_same_names_sizes_and_times_are_not_mixed_up(root: Path, tmp_path: Path) -> None:
    index_of(root, PATHS)
    other = write_folder(tmp_path / "other", {"b/3.png": b"tixt"})
    assert index_of(other, ["b/3.png"]).sha256[0].tobytes() == sha256(b"tixt").digest()


@pytest.mark.usefixtures("own_cache")
def test_entries_follow_their_paths(root: Path) -> None:
    first = index_of(root, PATHS)
    assert_equal(index_of(root, PATHS[::-1]), first.take(np.array([2, 1, 0])))
    assert_equal(index_of(root, PATHS[1:2]), first.take(np.array([1])))


@pytest.mark.usefixtures("own_cache")
def test_a_file_that_was_just_written_is_not_trusted(root: Path, examined: list[str]) -> None:
    """It can change again within the same tick of the clock."""
    now = time.time_ns()
    os.utime(root / "a/1.png", ns=(now, now))
    index_of(root, PATHS)
    examined.clear()
    index_of(root, PATHS)
    assert examined == ["1.png"]


@pytest.mark.parametrize("damage", [b"", b"text", None])
def test_a_damaged_cache_is_made_again(root: Path, own_cache: Path, examined: list[str], damage: bytes | None) -> None:
    first = index_of(root, PATHS)
    (file,) = own_cache.rglob("*.npz")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    examined.clear()
    assert_equal(index_of(root, PATHS), first)
    assert len(examined) == 3
    examined.clear()
    index_of(root, PATHS)
    assert examined == []


def test_progress_is_reported_while_files_are_read(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bytes, at most a hundred times, and not for few bytes or a cached index."""
    n, states = 500, []
    root = write_folder(tmp_path / "photos", {f"{number}.png": b"x" * number for number in range(n)})
    paths = [f"{number}.png" for number in range(n)]

    def note(name: str, done: int, total: int, *, is_download: bool = True) -> None:
        states.append((done, total))
        assert (name, is_download) == ("photos", False)

    def start() -> list[tuple[int, int]]:
        states.clear()
        build_index(root, root, paths, Form(), Kept(n), note)
        return list(states)

    total = sum(range(n))
    monkeypatch.setattr(module, "FEW_BYTES", total)
    assert start() == []
    (entry,) = own_cache.rglob("*.npz")
    monkeypatch.setattr(module, "FEW_BYTES", total - 1)
    monkeypatch.setattr(module, "MOST_REPORTS", 4)
    entry.unlink()
    assert start() == [(sum(range(done)), total) for done in (128, 256, 384, 500)]
    assert start() == []


def test_what_is_no_file_is_a_problem(root: Path) -> None:
    os.mkfifo(root / "pipe.png")
    (root / "folder.png").mkdir()
    (root / "gone.png").symlink_to(root / "nowhere.png")
    index = index_of(root, ["pipe.png", "folder.png", "gone.png", "x\0.png"])
    assert index.problems[:3] == ["not a file", "not a file", "no such file"]
    assert "cannot be read" in index.problems[3]


def test_a_very_large_file_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch, examined: list[str]) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 5)
    assert index_of(root, ["a/1.png"]).problems == ["larger than 1 GiB"]
    assert examined == []


@pytest.mark.usefixtures("own_cache")
def test_names_that_are_no_text_are_cached(root: Path, examined: list[str]) -> None:
    (root / "a/1.png").rename(root / "\udcff.png")
    index_of(root, ["\udcff.png"])
    examined.clear()
    assert index_of(root, ["\udcff.png"]).problems == [""]
    assert examined == []
