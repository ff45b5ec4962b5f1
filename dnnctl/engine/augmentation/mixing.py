"""Mixing an example with another one.

Shapes: B is the batch size; inputs are (B, …), `u` are uniform random numbers (B, 2) from 0 to 1.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.specs.augment import Mixup


def mix_up(spec: Mixup, _canvas: Canvas, inputs: Any, others: Any, u: Any) -> tuple[Any, Any]:
    """λ · x + (1 - λ) · x′, and (B,) λ."""
    share = own_share(spec.alpha, u)
    of_input = tf.reshape(share, (-1, *[1] * (len(inputs.shape) - 1)))
    return of_input * inputs + (1 - of_input) * others, share


def own_share(alpha: float, u: Any) -> Any:
    """(B,) max(λ, 1 - λ) for a λ from Beta(α, α).

    λ = (1 + t) / 2 with t = √(1 - w) · c / √((1 - w) · c² + w), w = (1 - u)^(1/α) and c = cos(2π u′).

    Source: Devroye, Random Variate Generation in One Line of Code, 1996, section 3.
    """
    w = tf.pow(1 - u[:, 0], 1 / alpha)
    c = tf.cos(2 * math.pi * u[:, 1])
    t = tf.sqrt(1 - w) * c / tf.sqrt((1 - w) * tf.square(c) + w)
    return (1 + tf.abs(t)) / 2
