"""An image as a PNG inside HTML."""

from __future__ import annotations

import zlib
from base64 import b64encode
from struct import pack
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB = 0, 2


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether examples of a shape are images: (H, W), (H, W, 1) or (H, W, 3)."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))


def data_url(image: NDArray[Any]) -> str:
    """A PNG of an image (H, W), (H, W, 1) or (H, W, 3), as a URL that holds it.

    Source: ISO/IEC 15948:2004, the PNG specification.
    """
    pixels = _bytes(image).reshape(image.shape[0], image.shape[1], -1)
    height, width, n_channels = pixels.shape
    header = pack(">IIBBBBB", width, height, 8, RGB if n_channels == 3 else GREY, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    content = (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")
    )
    return f"data:image/png;base64,{b64encode(content).decode()}"


def _bytes(image: NDArray[Any]) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image
    low, high = float(image.min()), float(image.max())
    return np.asarray((image - low) * (255 / ((high - low) or 1)), np.uint8)


def _chunk(name: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + name + content + pack(">I", zlib.crc32(name + content))
