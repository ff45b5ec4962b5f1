"""Running out of memory gives a clear error."""

from __future__ import annotations

import pytest
import tensorflow as tf

from dnnctl.engine.memory import memory_errors_explained
from dnnctl.errors import DeviceError


@pytest.mark.parametrize("shape", [(1 << 40,), (1 << 20, 1 << 24)])
def test_a_failed_allocation_suggests_what_to_make_smaller(shape: tuple[int, ...]) -> None:
    rule = r"too little memory .*shape.*smaller training\.batch_size"
    with pytest.raises(DeviceError, match=rule), memory_errors_explained():
        tf.zeros(shape) + 1.0
