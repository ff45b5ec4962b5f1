"""Random numbers of augmentation: an integer hash of (seed of the epoch, example, number).

They do not depend on the batch that an example is in, and are the same in graph mode and under XLA. A hash is also
several times faster under XLA than its own generators.

Shapes: B is the number of examples, D the number of random numbers of each.

Source: the hash is `lowbias32` of Wellons, Prospecting for Hash Functions, 2018.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.seeds import derive_seed

GOLDEN = 0x9E3779B9
"""2³² divided by the golden ratio: added, so that 0 does not remain 0."""
STEPS = ((16, 0x7FEB352D), (15, 0x846CA68B))
LAST_SHIFT = 16


def stream(kind: str, occurrence: int, n: int) -> NDArray[np.uint32]:
    """(n,) the numbers of the draws of an augmentation: other augmentations in the list do not change them."""
    first = derive_seed(0, kind, occurrence)
    return ((first + np.arange(n)) % 2**32).astype(np.uint32)


def uniforms(seed: Any, rows: Any, numbers: NDArray[np.uint32]) -> Any:
    """(B, D) float32 random numbers from 0 to 1, without 1.

    Args:
        seed: a uint32 for the epoch.
        rows: (B,) the indices of the examples.
        numbers: (D,) the numbers of the draws.
    """
    of_example = _fold(seed, tf.cast(rows, tf.uint32))
    bits = _fold(of_example[:, None], tf.constant(numbers)[None, :])
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24


def _fold(key: Any, number: Any) -> Any:
    """A key for a number: a bijection of each of them."""
    return _mix(tf.bitwise.bitwise_xor(key, _mix(number + tf.constant(GOLDEN, tf.uint32))))


def _mix(bits: Any) -> Any:
    for shift, factor in STEPS:
        bits = _xor_shift(bits, shift) * tf.constant(factor, tf.uint32)
    return _xor_shift(bits, LAST_SHIFT)


def _xor_shift(bits: Any, shift: int) -> Any:
    return tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint32)))
