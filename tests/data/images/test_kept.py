"""Pixels that the first pass over the files has decoded."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.data.images import kept as module
from dnnctl.data.images.kept import Kept
from image_files import draw_pixels

IMAGES = draw_pixels(4, 2, 3)
ALL = np.arange(4)


def test_what_is_put_is_taken_once() -> None:
    kept = Kept(4)
    for numbers in ([2, 0], [], [3], [1]):
        kept.put(np.array(numbers, np.intp), IMAGES[numbers])
    taken = kept.take((2, 3), ALL)
    assert taken is not None
    np.testing.assert_array_equal(taken, IMAGES)
    assert kept.take((2, 3), ALL) is None


def test_images_that_were_not_put_are_left_out() -> None:
    kept = Kept(4)
    kept.put(np.array([0, 3]), IMAGES[[0, 3]])
    taken = kept.take((2, 3), np.array([0, 3]))
    assert taken is not None
    np.testing.assert_array_equal(taken, IMAGES[[0, 3]])


def test_nothing_is_taken_if_an_image_is_missing_or_shapes_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    incomplete, mixed, various, other, large = Kept(4), Kept(4), Kept(4), Kept(1), Kept(4)
    incomplete.put(ALL[:1], IMAGES[:1])
    assert incomplete.take((2, 3), ALL) is None
    for number in ALL:
        mixed.put(np.array([number]), IMAGES[[number]] if number != 2 else draw_pixels(1, 3, 2))
        various.put(np.array([number]), IMAGES[[number]] if number != 2 else None)
    assert mixed.take((2, 3), ALL) is None
    assert various.take((2, 3), ALL) is None
    other.put(ALL[:1], IMAGES[:1])
    assert other.take((2, 3, 3), np.array([0])) is None
    monkeypatch.setattr(module, "MOST_BYTES", IMAGES.nbytes - 1)
    large.put(ALL, IMAGES)
    assert large.take((2, 3), ALL) is None
