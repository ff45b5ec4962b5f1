"""The checks of arrays."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.data.arrays import check_values
from dnnctl.errors import DataError


def test_a_column_needs_a_hundred_steps_of_float32() -> None:
    """Near 2²⁴ a step is 1. What is saved as float32 already cannot be distinguished any better."""
    high = 2.0**24
    check_values(np.array([[high - 100], [high]]), "x")
    too_close = np.array([[high - 99], [high]])
    with pytest.raises(DataError, match="column 0: values from 16777117 to 16777216 cannot be distinguished"):
        check_values(too_close, "x")
    check_values(too_close.astype(np.float32), "x")
