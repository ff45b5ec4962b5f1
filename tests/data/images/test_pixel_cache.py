"""Decoded pixels on the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.images import pixel_cache as module
from dnnctl.data.images.pixel_cache import PixelCache, open_pixels
from dnnctl.errors import DataError
from image_files import draw_pixels

IMAGES = draw_pixels(10, 3, 4)


class Files:
    """Counts what is decoded."""

    def __init__(self) -> None:
        self.n_read = 0
        self.states: list[tuple[int, int]] = []

    def open(self, key: str = "key", n: int = 10) -> PixelCache:
        return open_pixels(key, n, (3, 4), self.read, lambda *state: self.states.append(state))

    def read(self, numbers: np.ndarray) -> np.ndarray:
        self.n_read += len(numbers)
        return IMAGES[numbers]


@pytest.mark.parametrize("chunk", [1, 3, 1024])
def test_images_are_written_once_and_then_read(own_cache: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 12 * chunk)
    files = Files()
    files.open()
    assert [total for _, total in files.states] == [120] * -(-10 // chunk)
    assert [done for done, _ in files.states] == [min(end, 10) * 12 for end in range(chunk, chunk + 10, chunk)]
    again, into = files.open(), np.zeros((3, 3, 4), np.uint8)
    assert again.read(np.array([7, 0, 7]), into).tolist() == []
    np.testing.assert_array_equal(into, IMAGES[[7, 0, 7]])
    assert files.n_read == 10
    assert sorted(file.name for file in own_cache.rglob("*.npy")) == ["key.crc.npy", "key.npy"]
    np.testing.assert_array_equal(np.load(own_cache / "pixels" / "key.npy"), IMAGES)


def test_damaged_pixels_are_found(own_cache: Path) -> None:
    files = Files()
    files.open()
    path = own_cache / "pixels" / "key.npy"
    data = bytearray(path.read_bytes())
    data[-1 - 2 * 12] ^= 1  # in the third image from the end
    path.write_bytes(data)
    into = np.zeros((4, 3, 4), np.uint8)
    assert files.open().read(np.array([9, 7, 8, 7]), into).tolist() == [1, 3]


@pytest.mark.parametrize("name", ["key.npy", "key.crc.npy"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "empty", "other shape"])
def test_an_incomplete_cache_is_written_again(own_cache: Path, name: str, damage: str) -> None:
    files = Files()
    files.open()
    path = own_cache / "pixels" / name
    whole = path.read_bytes()
    path.unlink()
    if damage == "other shape":
        np.save(path, np.zeros((9, 3, 4), np.uint8))
    elif damage != "missing":
        path.write_bytes(whole[:-5] if damage == "truncated" else b"")
    files.open()
    assert files.n_read == 20
    assert path.read_bytes() == whole


def test_without_a_folder_or_space_there_is_no_cache(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="free"):
        Files().open(n=10**15)
    assert list(own_cache.rglob("*.npy")) == []
    monkeypatch.setenv("DNNCTL_CACHE_DIR", "")
    with pytest.raises(DataError, match="no folder for the cache"):
        Files().open()
