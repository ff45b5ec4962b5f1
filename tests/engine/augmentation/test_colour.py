"""Changes of values against their formulas, for given random numbers."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.engine.augmentation.canvas import Canvas
from dnnctl.engine.augmentation.colour import brighten, change_contrast, disturb
from dnnctl.specs.augment import Brightness, Contrast, Noise

DRAW = np.random.default_rng(5)
CANVAS = Canvas((5, 4, 3), 0.0, 255.0, np.array(255.0, np.float32))
IMAGES = DRAW.uniform(0, 255, (6, 5, 4, 3)).astype(np.float32)
U = DRAW.uniform(0, 1, (6, 1)).astype(np.float32)


def test_brightness_shifts_a_whole_image() -> None:
    found = np.asarray(brighten(Brightness(kind="brightness", amount=0.3), CANVAS, IMAGES, U))
    for image, before, (u,) in zip(found, IMAGES, U, strict=True):
        assert image == pytest.approx(before + (2 * u - 1) * 0.3 * 255, abs=1e-3)


def test_contrast_scales_the_distance_to_each_channel_s_mean() -> None:
    found = np.asarray(change_contrast(Contrast(kind="contrast", amount=0.6), CANVAS, IMAGES, U))
    for image, before, (u,) in zip(found, IMAGES, U, strict=True):
        for channel in range(3):
            mean = before[..., channel].mean()
            expected = mean + (1 + (2 * u - 1) * 0.6) * (before[..., channel] - mean)
            assert image[..., channel] == pytest.approx(expected, abs=1e-3)


def test_noise_is_normal_with_the_spread_of_each_column() -> None:
    """Moments of 20,000 numbers per column within 5 standard errors; a column without spread does not change."""
    n, spread = 20_000, np.array([2.0, 0.0, 10.0], np.float32)
    rows, u = np.ones((n, 3), np.float32), DRAW.uniform(0, 1, (n, 4)).astype(np.float32)
    u[0] = 0.0
    noise = np.asarray(disturb(Noise(kind="noise", stddev=0.5), Canvas((3,), 0, 0, spread), rows, u)) - 1
    normal = noise[:, [0, 2]] / [1.0, 5.0]
    assert np.isfinite(noise).all()
    assert np.all(noise[:, 1] == 0)
    assert np.abs(normal.mean(axis=0)).max() < 5 / np.sqrt(n)
    assert np.abs(normal.var(axis=0) - 1).max() < 5 * np.sqrt(2 / n)
    assert np.abs((normal**4).mean(axis=0) - 3).max() < 5 * np.sqrt(96 / n)
    assert abs(np.corrcoef(normal.T)[0, 1]) < 5 / np.sqrt(n)
