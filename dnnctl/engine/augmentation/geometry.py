"""Changes of the geometry of images.

Each function maps the coordinates (y, x) of output pixels to the points of the image that they are taken from. An image
has the lowest value outside. Consecutive changes are one map, so that an image is interpolated only once. This is also
faster: XLA would compute the pixels of a change again for each pixel of the next change that needs them.

Shapes: B is the batch size; images are (B, H, W, C), y (B, H, 1) or (B, H, W), x (B, 1, W) or (B, H, W), and `u` are
uniform random numbers (B, D) from 0 to 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.specs.augment import Crop, Flip, Rotate, Translate, Zoom
from dnnctl.specs.field import Kind

WHOLE = (Flip, Crop)
"""The changes that move whole pixels, so that there is nothing to interpolate."""
Map = Callable[..., tuple[Any, Any]]
"""spec, canvas, y, x and u → y and x in the image."""


def warp(canvas: Canvas, images: Any, changes: Sequence[tuple[Kind, Map, Any]]) -> Any:
    """(B, H, W, C) the images after changes, each with its map and its random numbers (B, D)."""
    height, width, _ = canvas.shape
    y = tf.range(height, dtype=tf.float32)[None, :, None]
    x = tf.range(width, dtype=tf.float32)[None, None, :]
    for spec, take_from, u in reversed(changes):
        y, x = take_from(spec, canvas, y, x, u)
    if all(isinstance(spec, WHOLE) for spec, _, _ in changes):
        return _move(canvas, images, tf.cast(y, tf.int32), tf.cast(x, tf.int32))
    return _interpolate(canvas, images, y, x)


def flip(spec: Flip, canvas: Canvas, y: Any, x: Any, u: Any) -> tuple[Any, Any]:
    """Mirror where u < 1/2; u[:, 0] is for horizontal and u[:, 1] for vertical."""
    height, width, _ = canvas.shape
    if spec.horizontal:
        x = tf.where(_each(u[:, 0]) < 0.5, width - 1 - x, x)
    if spec.vertical:
        y = tf.where(_each(u[:, 1]) < 0.5, height - 1 - y, y)
    return y, x


def crop(spec: Crop, _canvas: Canvas, y: Any, x: Any, u: Any) -> tuple[Any, Any]:
    """Take y + dy and x + dx with dy, dx = ⌊u · (2 · padding + 1)⌋ - padding."""
    shift = tf.floor(u * (2 * spec.padding + 1)) - spec.padding
    return y + _each(shift[:, 0]), x + _each(shift[:, 1])


def translate(spec: Translate, canvas: Canvas, y: Any, x: Any, u: Any) -> tuple[Any, Any]:
    """Take y - dy and x - dx with dy = (2u - 1) · fraction · H, and dx in the same way."""
    height, width, _ = canvas.shape
    shift = 2 * u - 1
    return y - _each(shift[:, 0] * (spec.height * height)), x - _each(shift[:, 1] * (spec.width * width))


def zoom(spec: Zoom, canvas: Canvas, y: Any, x: Any, u: Any) -> tuple[Any, Any]:
    """Take the point at 1/f of the distance from the centre, with f = 1 + (2u - 1) · amount."""
    middle, centre = _centre(canvas)
    factor = _each(1 + (2 * u[:, 0] - 1) * spec.amount)
    return (y - middle) / factor + middle, (x - centre) / factor + centre


def rotate(spec: Rotate, canvas: Canvas, y: Any, x: Any, u: Any) -> tuple[Any, Any]:
    """Take (cos a · y + sin a · x, cos a · x - sin a · y) from the centre, with a = (2u - 1) · degrees."""
    middle, centre = _centre(canvas)
    angle = _each((2 * u[:, 0] - 1) * math.radians(spec.degrees))
    cos, sin = tf.cos(angle), tf.sin(angle)
    y, x = y - middle, x - centre
    return cos * y + sin * x + middle, cos * x - sin * y + centre


def _each(of_example: Any) -> Any:
    """(B, 1, 1) from (B,)."""
    return of_example[:, None, None]


def _centre(canvas: Canvas) -> tuple[float, float]:
    return (canvas.shape[0] - 1) / 2, (canvas.shape[1] - 1) / 2


def _move(canvas: Canvas, images: Any, y: Any, x: Any) -> Any:
    """The images at whole coordinates. A mask is faster than a border if each pixel is only read once."""
    height, width, n_channels = canvas.shape
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    first = _each(tf.range(tf.shape(images)[0])) * (height * width)
    places = first + tf.clip_by_value(y, 0, height - 1) * width + tf.clip_by_value(x, 0, width - 1)
    return tf.where(inside[..., None], tf.gather(tf.reshape(images, (-1, n_channels)), places), canvas.low)


def _interpolate(canvas: Canvas, images: Any, y: Any, x: Any) -> Any:
    """The images at the coordinates y and x, with bilinear interpolation."""
    above, left = tf.floor(y), tf.floor(x)
    down, right = (y - above)[..., None], (x - left)[..., None]
    above, left = tf.cast(above, tf.int32), tf.cast(left, tf.int32)
    bordered = _Bordered(canvas, images)
    upper, lower = (
        bordered.at(row, left) * (1 - right) + bordered.at(row, left + 1) * right for row in (above, above + 1)
    )
    return upper * (1 - down) + lower * down


class _Bordered:
    """Images with a border of the lowest value, which is what is read outside."""

    def __init__(self, canvas: Canvas, images: Any) -> None:
        self.height, self.width, n_channels = canvas.shape
        border = [[0, 0], [1, 1], [1, 1], [0, 0]]
        self.pixels = tf.reshape(tf.pad(images, border, constant_values=canvas.low), (-1, n_channels))
        self.first = _each(tf.range(tf.shape(images)[0])) * ((self.height + 2) * (self.width + 2))

    def at(self, y: Any, x: Any) -> Any:
        """(B, H, W, C) the pixels at y and x, int32."""
        row, column = tf.clip_by_value(y + 1, 0, self.height + 1), tf.clip_by_value(x + 1, 0, self.width + 1)
        return tf.gather(self.pixels, (self.first + row * (self.width + 2)) + column)
