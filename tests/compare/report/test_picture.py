"""An image as PNG, decoded by the definition of the format."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode

import numpy as np
import pytest

from dnnctl.compare.report.picture import data_url, is_picture


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3)])
def test_a_picture_holds_the_pixels(shape: tuple[int, ...]) -> None:
    """Each line comes after a byte that says that it is not filtered."""
    image = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    content = b64decode(data_url(image).partition(",")[2])
    width, height = struct.unpack(">II", content[16:24])
    n_channels = shape[2] if len(shape) == 3 else 1
    start = content.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", content[start - 8 : start - 4])
    lines = np.frombuffer(zlib.decompress(content[start : start + length]), np.uint8).reshape(height, -1)
    assert (width, height) == (7, 5)
    np.testing.assert_array_equal(lines[:, 1:].reshape(5, 7, n_channels), image.reshape(5, 7, n_channels))
    assert is_picture(shape)
    assert not is_picture((784,))
