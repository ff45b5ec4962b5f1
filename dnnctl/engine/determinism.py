"""A clear error for operations that a GPU cannot compute deterministically. TensorFlow and XLA refuse them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from dnnctl.engine.memory import NODE
from dnnctl.errors import DeviceError


@contextmanager
def nondeterminism_explained() -> Iterator[None]:
    """Turn the refusal of an operation that is not deterministic into an error that suggests what to do.

    Raises:
        DeviceError: the network has such an operation.
    """
    try:
        yield
    except tf.errors.UnimplementedError as error:
        if "determinis" not in str(error).lower():
            raise
        reason = NODE.sub("", str(error)).strip().partition("\n")[0]
        raise DeviceError(
            f"The GPU cannot compute an operation of this network with the same bits every time, which exact resume "
            f"needs ({reason}). Write `runtime.compile: graph` if it is xla, or `runtime.device: cpu`."
        ) from None
