"""Rows of a data set."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.data.dataset import as_slice


@pytest.mark.parametrize("rows", [[], [3], [2, 3, 4], [0, 2, 1, 3], [3, 2, 1], [0, 2], [1, 1]])
def test_a_slice_selects_the_same_rows(rows: list[int]) -> None:
    values = np.arange(10)
    found = as_slice(np.array(rows, np.intp))
    assert values[found].tolist() == rows
    assert isinstance(found, slice) == (rows in ([3], [2, 3, 4]))
