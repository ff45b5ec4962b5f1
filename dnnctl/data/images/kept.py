"""Pixels that the first pass over the files has decoded, so that no file is decoded twice."""

from __future__ import annotations

from threading import Lock

import numpy as np

from dnnctl.data.dataset import Rows, as_slice
from dnnctl.data.images.decode import Pixels

MOST_BYTES = 256 * 1024 * 1024


class Kept:
    """The pixels of n images with the same shape, if there is space for them."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._lock = Lock()
        self._n_put = 0
        self._pixels: Pixels | None = None
        self._is_given_up = False

    def put(self, numbers: Rows, pixels: Pixels | None) -> None:
        """Keep the pixels of some images. Several threads can call this, each for other images.

        Args:
            pixels: (len(numbers), …); None if the shapes of these images differ.
        """
        if not len(numbers):
            return
        with self._lock:
            if self._pixels is None and not self._is_given_up and pixels is not None:
                self._is_given_up = self._n * pixels[0].nbytes > MOST_BYTES
                self._pixels = None if self._is_given_up else np.empty((self._n, *pixels.shape[1:]), np.uint8)
            if pixels is None or (self._pixels is not None and self._pixels.shape[1:] != pixels.shape[1:]):
                self._pixels, self._is_given_up = None, True
            self._n_put += len(numbers)
            target = self._pixels
        if target is not None and pixels is not None:
            target[numbers] = pixels

    def take(self, shape: tuple[int, ...], rows: Rows) -> Pixels | None:
        """The pixels of these images, if they are all here and have this shape; nothing is kept after that."""
        pixels, self._pixels = self._pixels, None
        if pixels is None or pixels.shape[1:] != shape or self._n_put != len(rows):
            return None
        return pixels[as_slice(rows)]
