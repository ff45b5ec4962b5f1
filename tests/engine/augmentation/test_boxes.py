"""Rectangles against NumPy, for given random numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dnnctl.engine.augmentation.boxes import cut_and_mix, cut_out
from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.engine.augmentation.mixing import own_share
from dnnctl.specs.augment import Cutmix, Cutout

B, H, W, C = 40, 9, 12, 2
CANVAS = Canvas((H, W, C), -1.0, 2.0, np.array(2.0, np.float32))
DRAW = np.random.default_rng(5)
IMAGES = DRAW.uniform(-1, 1, (B, H, W, C)).astype(np.float32)
OTHERS = DRAW.uniform(-1, 1, (B, H, W, C)).astype(np.float32)
U = DRAW.uniform(0, 1, (B, 4)).astype(np.float32)


def box(height: int, width: int, u: np.ndarray) -> tuple[slice, slice]:  # type: ignore[type-arg]
    top, left = int(u[0] * H) - height // 2, int(u[1] * W) - width // 2
    return slice(max(top, 0), max(top + height, 0)), slice(max(left, 0), max(left + width, 0))


@pytest.mark.parametrize("size", [1, 4, 5])
def test_cutout_erases_a_square(size: int) -> None:
    found = np.asarray(cut_out(Cutout(kind="cutout", size=size), CANVAS, IMAGES, U[:, :2]))
    expected = IMAGES.copy()
    for image, u in zip(expected, U, strict=True):
        image[box(size, size, u[:2])] = -1.0
    assert np.array_equal(found, expected)


def test_cutmix_replaces_a_rectangle_and_counts_the_pixels_that_remain() -> None:
    spec = Cutmix(kind="cutmix", alpha=1.0)
    found, share = (np.asarray(part) for part in cut_and_mix(spec, CANVAS, IMAGES, OTHERS, U))
    expected = IMAGES.copy()
    for image, other, u, own in zip(expected, OTHERS, U, np.asarray(own_share(1.0, U[:, :2])), strict=True):
        side = math.sqrt(1 - own)
        rectangle = box(int(side * H), int(side * W), u[2:])
        image[rectangle] = other[rectangle]
    assert np.array_equal(found, expected)
    assert share == pytest.approx((found == IMAGES).mean(axis=(1, 2, 3)), abs=1e-6)
    assert share.min() >= 0.5
    assert share.min() < 0.7, "some rectangles are large"
