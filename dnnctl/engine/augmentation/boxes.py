"""Changes inside of rectangles.

Shapes: B is the batch size; images are (B, H, W, C), `u` are uniform random numbers (B, D) from 0 to 1.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.engine.augmentation.mixing import own_share
from dnnctl.specs.augment import Cutmix, Cutout


def cut_out(spec: Cutout, canvas: Canvas, images: Any, u: Any) -> Any:
    """The lowest value inside a square; u are its centre."""
    size = tf.fill((tf.shape(images)[0],), spec.size)
    return tf.where(_box(canvas, size, size, u), canvas.low, images)


def cut_and_mix(spec: Cutmix, canvas: Canvas, images: Any, others: Any, u: Any) -> tuple[Any, Any]:
    """The images with a rectangle of others, and (B,) the fraction of pixels that are kept.

    u[:, :2] are for the size of the rectangle and u[:, 2:] for its centre.
    """
    height, width, _ = canvas.shape
    side = tf.sqrt(1 - own_share(spec.alpha, u[:, :2]))
    rows, columns = (tf.cast(tf.floor(side * size), tf.int32) for size in (height, width))
    box = _box(canvas, rows, columns, u[:, 2:])
    n_replaced = tf.reduce_sum(tf.cast(box, tf.float32), axis=(1, 2, 3))
    return tf.where(box, others, images), 1 - n_replaced / (height * width)


def _box(canvas: Canvas, rows: Any, columns: Any, centre: Any) -> Any:
    """(B, H, W, 1) whether a pixel is inside the box from ⌊u · H⌋ - ⌊rows / 2⌋, and so on for columns."""
    height, width, _ = canvas.shape
    is_row, is_column = (
        _is_inside(size, n, tf.cast(tf.floor(u * size), tf.int32))
        for size, n, u in ((height, rows, centre[:, 0]), (width, columns, centre[:, 1]))
    )
    return (is_row[:, :, None] & is_column[:, None, :])[..., None]


def _is_inside(size: int, n: Any, centre: Any) -> Any:
    """(B, size) whether a place is among the n places around a centre."""
    first = (centre - n // 2)[:, None]
    place = tf.range(size)[None, :]
    return (place >= first) & (place < first + n[:, None])
