"""Changes of the geometry against NumPy, pixel by pixel, for given random numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.engine.augmentation.geometry import crop, flip, rotate, translate, zoom
from dnnctl.specs.augment import Crop, Flip, Rotate, Translate, Zoom

Images = NDArray[np.float32]
B, H, W, C = 12, 7, 10, 3
LOW = -2.5
CANVAS = Canvas((H, W, C), LOW, 5.0, np.array(5.0, np.float32))
DRAW = np.random.default_rng(5)
IMAGES = DRAW.uniform(LOW, 2.5, (B, H, W, C)).astype(np.float32)
U = DRAW.uniform(0, 1, (B, 2)).astype(np.float32)


def pixel(image: Images, y: int, x: int) -> Images:
    inside = 0 <= y < H and 0 <= x < W
    return image[y, x] if inside else np.full(C, LOW, np.float32)


def at(image: Images, y: float, x: float) -> Any:
    """Bilinear interpolation."""
    top, left = math.floor(y), math.floor(x)
    down, right = y - top, x - left
    return (
        pixel(image, top, left) * (1 - down) * (1 - right)
        + pixel(image, top, left + 1) * (1 - down) * right
        + pixel(image, top + 1, left) * down * (1 - right)
        + pixel(image, top + 1, left + 1) * down * right
    )


def warped(source: Any) -> Any:
    """Images whose pixel (y, x) is taken from source(y, x, u)."""
    return np.array(
        [
            [[at(image, *source(y, x, u)) for x in range(W)] for y in range(H)]
            for image, u in zip(IMAGES, U.astype(np.float64), strict=True)
        ]
    )


def centred(y: float, x: float) -> tuple[float, float]:
    return y - (H - 1) / 2, x - (W - 1) / 2


def test_translation_shifts_by_a_fraction_of_the_size() -> None:
    spec = Translate(kind="translate", height=0.5, width=0.2)
    expected = warped(lambda y, x, u: (y - (2 * u[0] - 1) * 0.5 * H, x - (2 * u[1] - 1) * 0.2 * W))
    assert np.asarray(translate(spec, CANVAS, IMAGES, U)) == pytest.approx(expected, abs=1e-4)


def test_zoom_scales_about_the_centre() -> None:
    def source(y: float, x: float, u: Any) -> tuple[float, float]:
        (dy, dx), factor = centred(y, x), 1 + (2 * u[0] - 1) * 0.4
        return dy / factor + (H - 1) / 2, dx / factor + (W - 1) / 2

    spec = Zoom(kind="zoom", amount=0.4)
    assert np.asarray(zoom(spec, CANVAS, IMAGES, U[:, :1])) == pytest.approx(warped(source), abs=1e-4)


def test_rotation_turns_about_the_centre() -> None:
    def source(y: float, x: float, u: Any) -> tuple[float, float]:
        (dy, dx), angle = centred(y, x), math.radians((2 * u[0] - 1) * 120)
        turned = complex(dx, dy) * complex(math.cos(angle), math.sin(angle))
        return turned.imag + (H - 1) / 2, turned.real + (W - 1) / 2

    spec = Rotate(kind="rotate", degrees=120)
    assert np.asarray(rotate(spec, CANVAS, IMAGES, U[:, :1])) == pytest.approx(warped(source), abs=1e-4)


def test_a_right_angle_is_exact() -> None:
    """u = 1/2 ± 1/4 of 180 degrees on square images: NumPy's `rot90`."""
    canvas = Canvas((H, H, C), LOW, 5.0, CANVAS.spread)
    square, u = IMAGES[:2, :, :H], np.array([[0.75], [0.25]], np.float32)
    turned = np.asarray(rotate(Rotate(kind="rotate", degrees=180), canvas, square, u))
    assert turned[0] == pytest.approx(np.rot90(square[0], 1), abs=1e-4)
    assert turned[1] == pytest.approx(np.rot90(square[1], -1), abs=1e-4)


@pytest.mark.parametrize(("horizontal", "vertical"), [(True, False), (False, True), (True, True)])
def test_flips_mirror_below_a_half(horizontal: bool, vertical: bool) -> None:
    found = np.asarray(flip(Flip(kind="flip", horizontal=horizontal, vertical=vertical), CANVAS, IMAGES, U))
    for image, before, (across, down) in zip(found, IMAGES, U, strict=True):
        expected = np.fliplr(before) if horizontal and across < 0.5 else before
        expected = np.flipud(expected) if vertical and down < 0.5 else expected
        assert np.array_equal(image, expected)


def test_crops_cut_a_window_out_of_the_padded_image() -> None:
    """All windows of a padding of 2, each for its interval of u."""
    found = np.asarray(crop(Crop(kind="crop", padding=2), CANVAS, IMAGES, U))
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=LOW)
    for image, before, u in zip(found, padded, U, strict=True):
        top, left = (int(each * 5) for each in u)
        assert np.array_equal(image, before[top : top + H, left : left + W])
