"""Lazy inputs are the inputs in memory, read later."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.builder.scaling import build_scaling
from dnnctl.data.dataset import Part, Subset
from dnnctl.data.lazy import lazy_part, n_bytes
from dnnctl.data.overlap import row_keys

DRAW = np.random.default_rng(0)
PART = Part(
    DRAW.normal(size=(5000, 3)).astype(np.float32), np.arange(5000, dtype=np.int32), np.ones(5000, np.float32) * 2
)
ROWS = DRAW.permutation(5000)[:4500]


def test_any_rows_are_those_of_the_source() -> None:
    lazy = lazy_part(PART, ROWS)
    assert (lazy.inputs.shape, lazy.inputs.dtype, lazy.inputs.ndim, len(lazy)) == ((4500, 3), np.float32, 2, 4500)
    for rows in (slice(None), slice(10, 20), slice(4490, 9999), np.array([7, 3, 3]), np.arange(0)):
        assert np.array_equal(lazy.inputs[rows], PART.inputs[ROWS][rows])
    assert np.array_equal(lazy.targets, PART.targets[ROWS])
    assert np.array_equal(lazy.weights, PART.weights[ROWS])


def test_a_subset_of_a_subset_is_read_with_its_own_targets() -> None:
    subset = Subset(PART, ROWS, np.arange(4500, dtype=np.int32))
    lazy = lazy_part(subset, np.array([5, 2]))
    assert np.array_equal(lazy.inputs[:], PART.inputs[ROWS[[5, 2]]])
    assert lazy.targets.tolist() == [5, 2]
    assert n_bytes(subset, 10) == 10 * 3 * 4


@pytest.mark.parametrize("scaling", ["unit", "standardize"])
def test_statistics_are_the_same_bits(scaling: str) -> None:
    """They are computed in chunks, in memory and lazily."""
    configs = [build_scaling(scaling, part.inputs)[0].get_config() for part in (PART.take(ROWS), lazy_part(PART, ROWS))]
    assert str(configs[0]) == str(configs[1])
    if scaling == "unit":
        inputs = PART.inputs[ROWS].astype(np.float64)
        assert np.array_equal(configs[0]["scale"], 1 / (inputs.max(axis=0) - inputs.min(axis=0)))


def test_row_keys_are_the_same() -> None:
    assert np.array_equal(row_keys(lazy_part(PART, ROWS).inputs), row_keys(PART.inputs[ROWS]))
