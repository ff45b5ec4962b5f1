"""Whether examples of the test split are also in the training split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Part
from dnnctl.data.generator import generator
from dnnctl.text import format_count

CHUNK = 2048


def overlap_warning(train: Part, test: Part) -> tuple[str, ...]:
    """A warning if test examples have the same inputs as training examples; no warning otherwise."""
    n_equal = int(np.isin(row_keys(test.inputs), row_keys(train.inputs)).sum())
    if not n_equal:
        return ()
    have = "has" if n_equal == 1 else "have"
    return (
        f"{n_equal} of the {format_count(len(test), 'test example')} {have} the same inputs as a training example, so "
        "that test results are too good. Remove duplicate rows from the data.",
    )


def row_keys(inputs: Array) -> NDArray[np.uint64]:
    """(N,) a number for each row; equal rows have equal numbers, and other rows almost never have.

    The bytes of a row are multiplied by fixed odd random 64-bit numbers and summed, modulo 2⁶⁴.
    """
    n = len(inputs)
    n_bytes = inputs[:1].nbytes
    factors = generator(0, "row keys").integers(0, 2**64, n_bytes, np.uint64) | np.uint64(1)
    keys = np.empty(n, np.uint64)
    for start in range(0, n, CHUNK):
        rows = np.ascontiguousarray(inputs[start : start + CHUNK])
        keys[start : start + CHUNK] = (rows.view(np.uint8).reshape(len(rows), n_bytes).astype(np.uint64)) @ factors
    return keys
