"""The hash against plain Python integers, and the distribution of its numbers."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.engine.augmentation.draws import stream, uniforms

SEED = 20_251_124


def draw(rows: NDArray[np.int32], numbers: NDArray[np.uint32], *, seed: int = SEED) -> NDArray[np.float32]:
    drawn = uniforms(tf.constant(seed, tf.uint32), tf.constant(rows), numbers)
    return np.asarray(drawn)


def lowbias32(x: int) -> int:
    """The hash as it was published."""
    x ^= x >> 16
    x = x * 0x7FEB352D % 2**32
    x ^= x >> 15
    x = x * 0x846CA68B % 2**32
    return x ^ x >> 16


def fold(key: int, number: int) -> int:
    return lowbias32(key ^ lowbias32((number + 0x9E3779B9) % 2**32))


def test_numbers_are_the_published_hash() -> None:
    """The upper 24 bits of a hash of (seed, example, number), as a fraction."""
    rows, numbers = np.array([0, 1, 59_999], np.int32), np.array([0, 5, 2**32 - 1], np.uint32)
    expected = [[(fold(fold(SEED, row), number) >> 8) / 2**24 for number in numbers.tolist()] for row in rows.tolist()]
    assert np.array_equal(draw(rows, numbers), np.array(expected, np.float32))


def test_xla_gives_the_same_bits() -> None:
    rows, numbers = np.arange(500, dtype=np.int32), stream("noise", 0, 40)
    compiled = tf.function(lambda seed, rows: uniforms(seed, rows, numbers), jit_compile=True)
    assert np.array_equal(draw(rows, numbers), compiled(tf.constant(SEED, tf.uint32), tf.constant(rows)))


def test_numbers_are_uniform_and_independent() -> None:
    """Mean, variance, twenty equal cells, and correlations between neighbours, each within 5 standard errors."""
    drawn = draw(np.arange(2000, dtype=np.int32), stream("crop", 0, 50)).astype(np.float64)
    n = drawn.size
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert abs(drawn.mean() - 1 / 2) < 5 * np.sqrt(1 / 12 / n)
    assert abs(drawn.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / n)
    counts = np.bincount((drawn.ravel() * 20).astype(int), minlength=20)
    assert ((counts - n / 20) ** 2 / (n / 20)).sum() < 19 + 5 * np.sqrt(2 * 19)
    next_epoch = draw(np.arange(2000, dtype=np.int32), stream("crop", 0, 50), seed=SEED + 1)
    for one, other in [(drawn[1:], drawn[:-1]), (drawn[:, 1:], drawn[:, :-1]), (drawn, next_epoch)]:
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 5 / np.sqrt(one.size)


def test_every_augmentation_has_numbers_of_its_own() -> None:
    streams = [stream("flip", 0, 100), stream("flip", 1, 100), stream("crop", 0, 100)]
    assert len(np.unique(np.concatenate(streams))) == 300
    assert np.array_equal(stream("flip", 0, 100)[:7], stream("flip", 0, 7))
