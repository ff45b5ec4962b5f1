"""Decoded pixels on the disk, so that later runs decode nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Rows
from dnnctl.data.images.decode import Pixels
from dnnctl.errors import DataError
from dnnctl.store.cache import cache_folder, write_to_cache
from dnnctl.text import format_bytes

FOLDER = "pixels"
CHUNK_BYTES = 1 << 26
"""How many bytes of pixels are decoded before they are written."""


@dataclass(frozen=True)
class PixelCache:
    """The pixels of F images in a memory map, and a checksum of each."""

    pixels: Pixels
    """(F, …)"""
    checksums: NDArray[np.uint32]
    """(F,) CRC-32."""

    def read(self, numbers: Rows, into: Pixels) -> Rows:
        """Copy the pixels of some images; return the positions of those that are damaged here."""
        np.take(self.pixels, numbers, axis=0, out=into, mode="clip")  # the other modes copy twice
        found = np.array([crc32(image) for image in into], np.uint32)
        return np.flatnonzero(found != self.checksums[numbers])


def open_pixels(
    key: str, n: int, shape: tuple[int, ...], read: Callable[[Rows], Pixels], report: Callable[[int, int], None]
) -> PixelCache:
    """The cache of n images. It is written first if it is missing or not complete.

    Args:
        key: the identity of the pixels.
        read: decodes the images with these numbers.
        report: called with the number of bytes that are written, and of all bytes.

    Raises:
        DataError: there is no cache folder, or not enough space in it.
    """
    folder = cache_folder(FOLDER)
    if folder is None:
        raise DataError("data.source.cache: there is no folder for the cache. Set DNNCTL_CACHE_DIR, or remove the key.")
    path, checksums = folder / f"{key}.npy", folder / f"{key}.crc.npy"
    found = _open(path, checksums, n, shape)
    if found is None:
        _check_space(folder, n * int(np.prod(shape)))
        _write(path, checksums, n, shape, read, report)
        found = _open(path, checksums, n, shape)
    if found is None:
        raise DataError(f"data.source.cache: {path} cannot be written. Set DNNCTL_CACHE_DIR, or remove the key.")
    return found


def _open(path: Path, checksums: Path, n: int, shape: tuple[int, ...]) -> PixelCache | None:
    try:
        pixels = np.lib.format.open_memmap(path, mode="r")
        codes = np.load(checksums, allow_pickle=False)
    except Exception:  # whatever is wrong with it, it can be written again
        return None
    expected = ((n, *shape), np.uint8, (n,), np.uint32)
    is_whole = (pixels.shape, pixels.dtype, codes.shape, codes.dtype) == expected
    return PixelCache(pixels, codes) if is_whole else None


def _write(
    path: Path,
    checksums: Path,
    n: int,
    shape: tuple[int, ...],
    read: Callable[[Rows], Pixels],
    report: Callable[[int, int], None],
) -> None:
    codes = np.empty(n, np.uint32)
    step = max(1, CHUNK_BYTES // int(np.prod(shape)))

    def fill(aside: Path) -> None:
        with aside.open("wb") as file:
            header = {"descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)), "fortran_order": False}
            np.lib.format.write_array_header_1_0(file, {**header, "shape": (n, *shape)})
            for start in range(0, n, step):
                numbers = np.arange(start, min(start + step, n))
                images = read(numbers)
                codes[numbers] = [crc32(image) for image in images]
                file.write(images.tobytes())
                report((start + len(images)) * images[0].nbytes, n * images[0].nbytes)

    write_to_cache(path, fill)
    write_to_cache(checksums, lambda aside: np.save(aside, codes))


def _check_space(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise DataError(
            f"data.source.cache: the pixels need {format_bytes(n_bytes)}, but {folder} has {format_bytes(free)} free. "
            "Set DNNCTL_CACHE_DIR to another disk, or remove the key."
        )
