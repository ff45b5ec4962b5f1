"""Changes of the geometry against NumPy, pixel by pixel, for given random numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.engine.augmentation.geometry import crop, flip, rotate, translate, warp, zoom
from dnnctl.specs.augment import Crop, Flip, Rotate, Translate, Zoom

Images = NDArray[np.float32]
B, H, W, C = 12, 7, 10, 3
LOW = -2.5
CANVAS = Canvas((H, W, C), LOW, 5.0, np.array(5.0, np.float32))
DRAW = np.random.default_rng(5)
IMAGES = DRAW.uniform(LOW, 2.5, (B, H, W, C)).astype(np.float32)
U = DRAW.uniform(0, 1, (B, 2)).astype(np.float32)


def changed(*changes: Any, canvas: Canvas = CANVAS, images: Images = IMAGES) -> Any:
    """The images after changes, each a spec, its map and its random numbers."""
    return np.asarray(warp(canvas, images, changes))


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
    assert changed((spec, translate, U)) == pytest.approx(expected, abs=1e-4)


def test_zoom_scales_about_the_centre() -> None:
    def source(y: float, x: float, u: Any) -> tuple[float, float]:
        (dy, dx), factor = centred(y, x), 1 + (2 * u[0] - 1) * 0.4
        return dy / factor + (H - 1) / 2, dx / factor + (W - 1) / 2

    spec = Zoom(kind="zoom", amount=0.4)
    assert changed((spec, zoom, U)) == pytest.approx(warped(source), abs=1e-4)


def test_rotation_turns_about_the_centre() -> None:
    def source(y: float, x: float, u: Any) -> tuple[float, float]:
        (dy, dx), angle = centred(y, x), math.radians((2 * u[0] - 1) * 120)
        turned = complex(dx, dy) * complex(math.cos(angle), math.sin(angle))
        return turned.imag + (H - 1) / 2, turned.real + (W - 1) / 2

    spec = Rotate(kind="rotate", degrees=120)
    assert changed((spec, rotate, U)) == pytest.approx(warped(source), abs=1e-4)


def test_a_right_angle_is_exact() -> None:
    """u = 1/2 ± 1/4 of 180 degrees on square images: NumPy's `rot90`."""
    canvas = Canvas((H, H, C), LOW, 5.0, CANVAS.spread)
    square, u = IMAGES[:2, :, :H], np.array([[0.75], [0.25]], np.float32)
    turned = changed((Rotate(kind="rotate", degrees=180), rotate, u), canvas=canvas, images=square)
    assert turned[0] == pytest.approx(np.rot90(square[0], 1), abs=1e-4)
    assert turned[1] == pytest.approx(np.rot90(square[1], -1), abs=1e-4)


@pytest.mark.parametrize(("horizontal", "vertical"), [(True, False), (False, True), (True, True)])
def test_flips_mirror_below_a_half(horizontal: bool, vertical: bool) -> None:
    found = changed((Flip(kind="flip", horizontal=horizontal, vertical=vertical), flip, U))
    for image, before, (across, down) in zip(found, IMAGES, U, strict=True):
        expected = np.fliplr(before) if horizontal and across < 0.5 else before
        expected = np.flipud(expected) if vertical and down < 0.5 else expected
        assert np.array_equal(image, expected)


def test_crops_cut_a_window_out_of_the_padded_image() -> None:
    """All windows of a padding of 2, each for its interval of u."""
    found = changed((Crop(kind="crop", padding=2), crop, U))
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=LOW)
    for image, before, u in zip(found, padded, U, strict=True):
        top, left = (int(each * 5) for each in u)
        assert np.array_equal(image, before[top : top + H, left : left + W])


def test_whole_pixels_move_one_change_after_the_other() -> None:
    """Cropped images are flipped; nothing is interpolated, so that the result is exact."""
    crops, flips = (Crop(kind="crop", padding=2), crop, U), (Flip(kind="flip"), flip, U[::-1])
    assert np.array_equal(changed(crops, flips), changed(flips, images=changed(crops)))
    assert not np.array_equal(changed(crops, flips), changed(flips, crops))


def test_consecutive_changes_interpolate_once() -> None:
    """A shift, a rotation and their inverses give the original pixels, also at the border."""
    turn, shift = Rotate(kind="rotate", degrees=90), Translate(kind="translate", height=0.4, width=0.4)
    found = changed((shift, translate, U), (turn, rotate, U), (turn, rotate, 1 - U), (shift, translate, 1 - U))
    assert found == pytest.approx(IMAGES, abs=1e-3)
    assert np.abs(changed((shift, translate, U), (turn, rotate, U)) - IMAGES).max() > 1


def test_the_order_of_changes_matters() -> None:
    """A shift after a quarter turn: whole pixels of the turned image."""
    canvas, square = Canvas((H, H, C), LOW, 5.0, CANVAS.spread), IMAGES[:1, :, :H]
    turn, shift = Rotate(kind="rotate", degrees=180), Translate(kind="translate", height=2 / H, width=0.0)
    u = np.array([[1.0, 0.5]], np.float32)
    found = changed((turn, rotate, np.array([[0.75]], np.float32)), (shift, translate, u), canvas=canvas, images=square)
    expected = np.full_like(square[0], LOW)
    expected[2:] = np.rot90(square[0], 1)[:-2]
    assert found[0] == pytest.approx(expected, abs=1e-4)
