"""Changes of the geometry of images.

Shapes: B is the batch size; images are (B, H, W, C), `u` are uniform random numbers (B, D) from 0 to 1. Each function
defines where an output pixel (y, x) is taken from; outside the image, it has the lowest value.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.specs.augment import Crop, Flip, Rotate, Translate, Zoom


def flip(spec: Flip, _canvas: Canvas, images: Any, u: Any) -> Any:
    """Mirror where u < 1/2; u[:, 0] is for horizontal and u[:, 1] for vertical."""
    if spec.horizontal:
        images = tf.where(_each(u[:, 0] < 0.5, 3), images[:, :, ::-1], images)
    if spec.vertical:
        images = tf.where(_each(u[:, 1] < 0.5, 3), images[:, ::-1], images)
    return images


def crop(spec: Crop, canvas: Canvas, images: Any, u: Any) -> Any:
    """Take (y + dy, x + dx) with dy, dx = ⌊u · (2 · padding + 1)⌋ - padding."""
    height, width, _ = canvas.shape
    shift = tf.cast(tf.floor(u * (2 * spec.padding + 1)), tf.int32) - spec.padding
    y = _each(shift[:, 0], 2) + tf.range(height)[None, :, None]
    x = _each(shift[:, 1], 2) + tf.range(width)[None, None, :]
    return _pixels(canvas, images, y, x)


def translate(spec: Translate, canvas: Canvas, images: Any, u: Any) -> Any:
    """Take (y - dy, x - dx) with dy = (2u - 1) · fraction · H, and dx in the same way."""
    height, width, _ = canvas.shape
    y = _axis(height) - _each((2 * u[:, 0] - 1) * spec.height * height, 1)
    x = _axis(width) - _each((2 * u[:, 1] - 1) * spec.width * width, 1)
    return _interpolate(canvas, images, y[:, :, None], x[:, None, :])


def zoom(spec: Zoom, canvas: Canvas, images: Any, u: Any) -> Any:
    """Take the point at 1/f of the distance from the centre, with f = 1 + (2u - 1) · amount."""
    height, width, _ = canvas.shape
    factor = _each(1 + (2 * u[:, 0] - 1) * spec.amount, 1)
    y = _axis(height, centred=True) / factor + (height - 1) / 2
    x = _axis(width, centred=True) / factor + (width - 1) / 2
    return _interpolate(canvas, images, y[:, :, None], x[:, None, :])


def rotate(spec: Rotate, canvas: Canvas, images: Any, u: Any) -> Any:
    """Take (cos a · y + sin a · x, cos a · x - sin a · y) from the centre, with a = (2u - 1) · degrees."""
    height, width, _ = canvas.shape
    angle = _each((2 * u[:, 0] - 1) * math.radians(spec.degrees), 2)
    cos, sin = tf.cos(angle), tf.sin(angle)
    y, x = _axis(height, centred=True)[:, :, None], _axis(width, centred=True)[:, None, :]
    return _interpolate(canvas, images, cos * y + sin * x + (height - 1) / 2, cos * x - sin * y + (width - 1) / 2)


def _each(of_example: Any, n_axes: int) -> Any:
    """(B,) with `n_axes` more axes of size 1."""
    return tf.reshape(of_example, (-1, *[1] * n_axes))


def _axis(size: int, *, centred: bool = False) -> Any:
    """(1, size) the coordinates along an axis, from 0 or from the centre."""
    return tf.range(size, dtype=tf.float32)[None, :] - ((size - 1) / 2 if centred else 0)


def _interpolate(canvas: Canvas, images: Any, y: Any, x: Any) -> Any:
    """The images at the coordinates y and x, which broadcast to (B, H, W), with bilinear interpolation."""
    above, left = tf.floor(y), tf.floor(x)
    down, right = (y - above)[..., None], (x - left)[..., None]
    above, left = tf.cast(above, tf.int32), tf.cast(left, tf.int32)
    upper = _pixels(canvas, images, above, left) * (1 - right) + _pixels(canvas, images, above, left + 1) * right
    lower = (
        _pixels(canvas, images, above + 1, left) * (1 - right) + _pixels(canvas, images, above + 1, left + 1) * right
    )
    return upper * (1 - down) + lower * down


def _pixels(canvas: Canvas, images: Any, y: Any, x: Any) -> Any:
    """(B, H, W, C) the pixels at whole coordinates; the lowest value outside."""
    height, width, n_channels = canvas.shape
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    of_image = _each(tf.range(tf.shape(images)[0]), 2) * (height * width)
    places = of_image + tf.clip_by_value(y, 0, height - 1) * width + tf.clip_by_value(x, 0, width - 1)
    return tf.where(inside[..., None], tf.gather(tf.reshape(images, (-1, n_channels)), places), canvas.low)
