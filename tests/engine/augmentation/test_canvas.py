"""The shape and the range of inputs."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.engine.augmentation.canvas import measure_canvas
from dnnctl.store.encoding import ColumnEncoding, TableEncoding


def test_uint8_images_have_the_range_of_their_type() -> None:
    canvas = measure_canvas(np.full((3, 5, 4), 7, np.uint8), None)
    assert (canvas.shape, canvas.low, canvas.range, float(canvas.spread)) == ((5, 4, 1), 0.0, 255.0, 255.0)


def test_other_images_have_the_range_of_their_values() -> None:
    images = np.linspace(-1, 3, 2 * 5 * 4 * 3, dtype=np.float32).reshape(2, 5, 4, 3)
    canvas = measure_canvas(images, None)
    assert (canvas.shape, canvas.low, canvas.range, float(canvas.spread)) == ((5, 4, 3), -1.0, 4.0, 4.0)


def test_rows_have_a_spread_for_each_column_that_is_a_number() -> None:
    """A number with an indicator, a boolean, two slots of a category and a number: only the numbers get noise."""
    columns = (
        ColumnEncoding("a", "number", has_indicator=True),
        ColumnEncoding("b", "boolean"),
        ColumnEncoding("c", "category", categories=("x", "y")),
        ColumnEncoding("d", "number"),
    )
    rows = np.random.default_rng(1).normal(size=(50, 6)).astype(np.float32)
    spread = rows.std(axis=0)
    assert measure_canvas(rows, None).spread == pytest.approx(spread)
    kept = spread * [1, 0, 0, 0, 0, 1]
    assert measure_canvas(rows, TableEncoding(columns)).spread == pytest.approx(kept)
