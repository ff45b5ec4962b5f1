"""Changes of the values of inputs.

Shapes: B is the batch size; images are (B, H, W, C), rows (B, F), `u` are uniform random numbers (B, D) from 0 to 1.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.specs.augment import Brightness, Contrast, Noise


def brighten(spec: Brightness, canvas: Canvas, images: Any, u: Any) -> Any:
    """Return x + (2u - 1) · amount · range."""
    return images + _symmetric(u) * (spec.amount * canvas.range)


def change_contrast(spec: Contrast, _canvas: Canvas, images: Any, u: Any) -> Any:
    """Return mean + f · (x - mean) with f = 1 + (2u - 1) · amount."""
    mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
    return mean + (1 + _symmetric(u) * spec.amount) * (images - mean)


def disturb(spec: Noise, canvas: Canvas, inputs: Any, u: Any) -> Any:
    """Return x + z · stddev · spread.

    z = √(-2 ln(1 - u)) · cos(2π u′) for half of the values, and with sin instead of cos for the others; u′ are the
    numbers of the second half.

    Source: Box and Muller, 1958.
    """
    radius, angle = tf.split(u, 2, axis=1)
    radius, angle = tf.sqrt(-2 * tf.math.log(1 - radius)), 2 * math.pi * angle
    normal = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)[:, : math.prod(canvas.shape)]
    return inputs + tf.reshape(normal, tf.shape(inputs)) * (spec.stddev * canvas.spread)


def _symmetric(u: Any) -> Any:
    """(B, 1, 1, 1) from -1 to 1."""
    return tf.reshape(2 * u[:, 0] - 1, (-1, 1, 1, 1))
