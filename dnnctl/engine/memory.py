"""A clear error for running out of memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from dnnctl.errors import DeviceError

NODE = re.compile(r"\{\{.*?\}\} ?")
"""The name of the operation that TensorFlow puts before a message."""


@contextmanager
def memory_errors_explained() -> Iterator[None]:
    """Turn a failed allocation into an error that suggests what to reduce.

    Raises:
        DeviceError: the device has too little memory.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        reason = NODE.sub("", str(error)).strip().partition("\n")[0].partition(" on /job:")[0]
        raise DeviceError(
            f"The device has too little memory for this network ({reason or 'an allocation failed'}). Use smaller or "
            f"fewer layers, or a smaller training.batch_size."
        ) from None
