"""Predictions for many rows: a compiled function that is called for some of them at a time.

Shapes: N is the number of rows, B of those at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dnnctl.builder.front import any_column_name

LARGEST = 8192
SMALLEST = 256
BATCH_BYTES = 1 << 25
"""The largest output of a layer for B rows, unless B would be too small to be fast."""
WIDTH = 4
"""The bytes of a float32."""
Inputs = NDArray[Any] | Mapping[str, NDArray[Any]]


def compile_prediction(model: keras.Model) -> Callable[[Inputs], NDArray[Any]]:
    """A function from inputs, an array (N, …) or a dict of columns (N,), to the outputs of a model, (N, …)."""
    n_rows = batch_size(model)
    is_table = isinstance(model.input, dict)
    wanted = dict(model.input) if is_table else {"": model.inputs[0]}
    signature = {
        name: tf.TensorSpec((None,) if is_table else (None, *each.shape[1:]), each.dtype)
        for name, each in wanted.items()
    }

    def call(batch: Any) -> Any:
        return model(batch if is_table else batch[""], training=False)

    run = tf.function(call, input_signature=[signature], autograph=False)

    def predict(inputs: Inputs) -> NDArray[Any]:
        columns = dict(inputs) if isinstance(inputs, Mapping) else {"": inputs}
        n = len(next(iter(columns.values())))
        with any_column_name():
            parts = [run(_tensors(columns, signature, slice(i, i + n_rows))).numpy() for i in range(0, n, n_rows)]
        return np.concatenate(parts)

    return predict


def batch_size(model: keras.Model) -> int:
    """B, a power of two: more rows at a time are faster, until the output of a layer leaves the processor's cache."""
    shapes = [getattr(getattr(layer, "output", None), "shape", ()) for layer in model.layers]
    widest = max((prod(filter(None, shape[1:])) for shape in shapes), default=1)
    n_rows = BATCH_BYTES // (WIDTH * max(1, widest))
    return min(LARGEST, max(SMALLEST, 1 << max(0, n_rows.bit_length() - 1)))


def _tensors(columns: Mapping[str, NDArray[Any]], signature: Mapping[str, Any], rows: slice) -> dict[str, Any]:
    return {name: tf.constant(columns[name][rows], spec.dtype) for name, spec in signature.items()}
