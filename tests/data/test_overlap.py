"""Test examples that are also training examples are counted."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.data.dataset import Part
from dnnctl.data.overlap import overlap_warning, row_keys


def part(inputs: np.ndarray) -> Part:
    return Part(inputs, np.zeros(len(inputs), np.int32))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_count_is_that_of_comparing_every_pair(dtype: type) -> None:
    draw = np.random.default_rng(3)
    train, test = (draw.integers(0, 3, (n, 2, 2)).astype(dtype) for n in (30, 50))
    expected = sum(any(np.array_equal(row, other) for other in train) for row in test)
    assert 0 < expected < 50
    (warning,) = overlap_warning(part(train), part(test))
    assert warning.startswith(f"{expected} of the 50 test examples have the same inputs")


def test_different_rows_give_no_warning() -> None:
    rows = np.arange(6000, dtype=np.float32).reshape(3000, 2)
    assert overlap_warning(part(rows[:2000]), part(rows[2000:])) == ()
    assert len(np.unique(row_keys(rows))) == 3000


def test_one_example_is_singular() -> None:
    (warning,) = overlap_warning(part(np.ones((3, 2))), part(np.ones((1, 2))))
    assert warning.startswith("1 of the 1 test example has the same inputs")
