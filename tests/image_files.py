"""Image files with known pixels, written without the library that reads them."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""By the number of channels."""


def png(pixels: NDArray[np.uint8] | NDArray[np.uint16], extra: bytes = b"", color_type: int | None = None) -> bytes:
    """A PNG file, as its standard describes it, of pixels (H, W) or (H, W, C)."""
    rows = pixels if pixels.ndim == 3 else pixels[:, :, None]
    height, width, n_channels = rows.shape
    kind = COLOR_TYPES[n_channels] if color_type is None else color_type
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, kind, 0, 0, 0)
    lines = rows.astype(rows.dtype.newbyteorder(">")).reshape(height, -1)
    data = zlib.compress(b"".join(b"\0" + line.tobytes() for line in lines))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def draw_pixels(n: int, *shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """(n, …) random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape)).astype(np.uint8)


def write_folder(root: Path, images: Mapping[str, NDArray[np.uint8] | bytes]) -> Path:
    """Write files: pixels become PNG files. They are old enough to be trusted by their time."""
    for name, content in images.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else png(content))
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return root
