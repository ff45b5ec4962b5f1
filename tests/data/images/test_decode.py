"""From the bytes of an image file to pixels."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dnnctl.data.images.decode import Decoded, Form, decode
from dnnctl.errors import DataError
from image_files import chunk, draw_pixels, png

GREY, COLOR = draw_pixels(1, 5, 7)[0], draw_pixels(1, 5, 7, 3)[0]
LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R 601."""
EXIF_TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
"""EXIF data that contain the orientation 6 only."""


def saved(pixels: Any, file_format: str, mode: str | None = None, **options: Any) -> bytes:
    file = BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(file, file_format, **options)
    return file.getvalue()


def decoded(data: bytes, **form: Any) -> Decoded:
    return decode(data, Form(**form))


def test_pixels_are_those_of_the_file() -> None:
    grey, color = decoded(png(GREY)), decoded(png(COLOR))
    np.testing.assert_array_equal(grey.pixels, GREY)
    np.testing.assert_array_equal(color.pixels, COLOR)
    assert (grey.is_grey, grey.size) == (True, (5, 7))
    assert (color.is_grey, color.size) == (False, (5, 7))


@pytest.mark.parametrize("file_format", ["BMP", "WEBP", "TIFF", "PPM"])
def test_formats_without_loss_give_the_same_pixels(file_format: str) -> None:
    options = {"lossless": True} if file_format == "WEBP" else {}
    np.testing.assert_array_equal(decoded(saved(COLOR, file_format, **options)).pixels, COLOR)


def test_a_jpeg_is_close_to_what_was_saved() -> None:
    smooth = np.add.outer(np.arange(64), 2 * np.arange(64)).astype(np.uint8)
    found = decoded(saved(smooth, "JPEG", quality=95))
    assert found.is_grey
    assert np.abs(found.pixels.astype(int) - smooth).max() <= 8


def test_the_first_frame_of_an_animation_is_taken() -> None:
    file = BytesIO()
    first, second = (Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (10, 200))
    first.save(file, "GIF", save_all=True, append_images=[second])
    assert decoded(file.getvalue()).pixels.tolist() == np.full((4, 4), 10).tolist()


def test_the_first_image_of_a_phone_s_pair_is_taken() -> None:
    """Phones save a second picture in the same JPEG file."""
    file = BytesIO()
    first, second = (Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (10, 200))
    first.save(file, "MPO", save_all=True, append_images=[second], quality=100)
    assert np.abs(decoded(file.getvalue()).pixels.astype(int) - 10).max() <= 1


def test_grey_becomes_color_by_repeating_it_and_color_grey_by_its_luma() -> None:
    np.testing.assert_array_equal(decoded(png(GREY), color="rgb").pixels, np.stack([GREY] * 3, axis=2))
    found = decoded(png(COLOR), color="grey").pixels
    assert np.abs(found - COLOR @ LUMA).max() < 1
    np.testing.assert_array_equal(decoded(png(GREY), color="grey").pixels, GREY)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_to_eight(file_format: str) -> None:
    """v becomes round(v / 257): 0 to 0, 65535 to 255."""
    values = np.array([[0, 128, 129, 257, 385], [386, 32767, 65406, 65407, 65535]], np.uint16)
    data = png(values) if file_format == "PNG" else saved(values, "TIFF")
    found = decoded(data)
    assert found.is_grey
    np.testing.assert_array_equal(found.pixels, np.round(values / 257))


def test_sixteen_bits_of_a_color_are_cut_to_the_upper_eight() -> None:
    values = np.random.default_rng(0).integers(0, 65536, (4, 5, 3)).astype(np.uint16)
    np.testing.assert_array_equal(decoded(png(values)).pixels, values >> 8)


@pytest.mark.parametrize("alpha", [0, 100, 255])
def test_transparent_pixels_are_on_white(alpha: int) -> None:
    """c · a + 255 · (1 - a), with a = alpha / 255."""
    rgba = np.dstack([COLOR, np.full(COLOR.shape[:2], alpha, np.uint8)])
    expected = (COLOR * (alpha / 255) + 255 * (1 - alpha / 255)).round()
    found = decoded(png(rgba))
    assert np.abs(found.pixels - expected).max() <= 1
    grey = decoded(png(np.ascontiguousarray(rgba[:, :, [0, 3]])))
    assert grey.is_grey
    assert np.abs(grey.pixels - expected[:, :, 0]).max() <= 1


def test_a_palette_is_looked_up() -> None:
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 99, 255]], np.uint8)
    numbers = np.array([[0, 1], [2, 1]], np.uint8)
    colors = decoded(png(numbers, chunk(b"PLTE", palette.tobytes()), color_type=3))
    np.testing.assert_array_equal(colors.pixels, palette[numbers])
    assert not colors.is_grey
    greys = np.repeat(np.array([[3], [150], [255]], np.uint8), 3, axis=1)
    found = decoded(png(numbers, chunk(b"PLTE", greys.tobytes()), color_type=3))
    assert found.is_grey
    np.testing.assert_array_equal(found.pixels, greys[numbers][:, :, 0])


def test_a_transparent_color_of_a_palette_is_white() -> None:
    palette = chunk(b"PLTE", bytes([9, 9, 9, 200, 0, 0])) + chunk(b"tRNS", bytes([0, 255]))
    found = decoded(png(np.array([[0, 1]], np.uint8), palette, color_type=3))
    assert found.pixels.tolist() == [[[255, 255, 255], [200, 0, 0]]]


def test_one_bit_is_black_and_white() -> None:
    bits = GREY > 127
    found = decoded(saved(bits, "PNG"))
    np.testing.assert_array_equal(found.pixels, bits * 255)


def test_cmyk_becomes_rgb() -> None:
    """Pure cyan is no red, pure key is black."""
    cmyk = Image.new("CMYK", (2, 1))
    cmyk.putdata([(255, 0, 0, 0), (0, 0, 0, 255)])
    file = BytesIO()
    cmyk.save(file, "TIFF")
    assert decoded(file.getvalue()).pixels.tolist() == [[[0, 255, 255], [0, 0, 0]]]


def test_the_camera_s_orientation_is_applied() -> None:
    """Orientation 6 means: turn the stored image clockwise by 90 degrees."""
    found = decoded(png(GREY, chunk(b"eXIf", EXIF_TURNED)))
    np.testing.assert_array_equal(found.pixels, np.rot90(GREY, -1))
    assert found.size == (7, 5)


UPRIGHT = {
    1: GREY,
    2: GREY[:, ::-1],
    3: GREY[::-1, ::-1],
    4: GREY[::-1],
    5: GREY.T,
    6: GREY.T[:, ::-1],
    7: GREY.T[::-1, ::-1],
    8: GREY.T[::-1],
}
"""The EXIF standard: where the first row and the first column of the stored image belong."""


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "JPEG"])
def test_every_orientation_gives_the_upright_image(file_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if file_format == "WEBP" else {}
    found = decoded(saved(GREY, file_format, exif=exif, **options), color="grey")
    assert found.size == found.pixels.shape == UPRIGHT[orientation].shape
    if file_format != "JPEG":
        np.testing.assert_array_equal(found.pixels, UPRIGHT[orientation])


def test_damaged_exif_data_do_not_matter() -> None:
    np.testing.assert_array_equal(decoded(png(GREY, chunk(b"eXIf", b"MM\0*\xff\xff"))).pixels, GREY)


def triangle(n: int, size: int) -> np.ndarray:
    """(size, n) weights of a bilinear filter whose width is that of an output pixel."""
    scale = n / size
    centers = (np.arange(size) + 0.5) * scale
    reach = max(scale, 1)
    weights = np.maximum(0, 1 - np.abs((np.arange(n) + 0.5) - centers[:, None]) / reach)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("size", [(2, 3), (10, 14), (5, 2)])
def test_stretching_is_bilinear_and_antialiased(size: tuple[int, int]) -> None:
    """Oracle: the filter as a matrix for each axis."""
    expected = triangle(5, size[0]) @ GREY @ triangle(7, size[1]).T
    found = decoded(png(GREY), size=size)
    assert found.pixels.shape == size
    assert np.abs(found.pixels - expected).max() <= 1
    assert found.size == (5, 7)


def test_cropping_takes_the_middle() -> None:
    np.testing.assert_array_equal(decoded(png(GREY), size=(5, 5), resize="crop").pixels, GREY[:, 1:6])
    np.testing.assert_array_equal(decoded(png(GREY.T.copy()), size=(5, 5), resize="crop").pixels, GREY.T[1:6])


def test_padding_keeps_the_whole_image_between_black_borders() -> None:
    found = decoded(png(COLOR), size=(9, 7), resize="pad").pixels
    np.testing.assert_array_equal(found[2:7], COLOR)
    assert not found[[0, 1, 7, 8]].any()


def test_a_large_jpeg_that_is_made_small_looks_the_same() -> None:
    """It is decoded at a fraction of its size. Oracle: the filter on the image at its full size."""
    smooth = (np.add.outer(np.arange(256), np.arange(512)) / 3).astype(np.uint8)
    found = decoded(saved(smooth, "JPEG", quality=95), size=(16, 16))
    assert found.size == (256, 512)
    assert np.abs(found.pixels - triangle(256, 16) @ smooth @ triangle(512, 16).T).max() <= 8


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty file"),
        (b"text", "not an image of a known format"),
        (png(GREY)[:-30], "damaged"),
        (png(GREY).replace(b"IDAT", b"IDAX"), "damaged"),
        (saved(GREY, "JPEG")[:300], "damaged|not an image"),
        (saved(GREY.astype(np.float32), "TIFF"), r"32 bits \(F\)"),
        (saved(GREY.astype(np.int32), "TIFF"), r"32 bits \(I\)"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image of a known format"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decoded(data)


@pytest.mark.parametrize("most", [17, 34])
def test_images_with_too_many_pixels_are_refused(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """A file of a few bytes can claim billions of pixels. 35 are more than twice 17, and more than 34."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    with pytest.raises(DataError, match=f"more than {most} pixels"):
        decoded(png(GREY))


def test_no_damage_of_one_byte_is_a_crash() -> None:
    data, draw = png(COLOR), np.random.default_rng(1)
    for _ in range(300):
        damaged = bytearray(data)
        damaged[draw.integers(len(data))] = draw.integers(256)
        with suppress(DataError):
            assert decoded(bytes(damaged), size=(4, 4), color="rgb").pixels.shape == (4, 4, 3)
