"""How to convert inputs of another shape: the printed NumPy expression gives the shape that is wanted."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dnnctl.data.inputs.shape_hint import shape_hint


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        ((9, 7), (9, 7)),
        ((5, 9, 7, 1), (9, 7)),
        ((5, 9, 7), (9, 7, 1)),
        ((5, 3, 9, 7), (9, 7, 3)),
        ((5, 9, 7), (9, 7, 3)),
        ((5, 7, 9), (9, 7)),
        ((5, 7, 9, 3), (9, 7, 3)),
        ((5, 63), (9, 7)),
        ((5, 9, 7), (63,)),
    ],
)
def test_the_expression_gives_the_shape_that_is_wanted(array: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    hint = shape_hint(array, wanted)
    expression = re.search(r": (.*)\.$", hint)
    assert expression is not None, hint
    assert eval(expression[1], {"np": np, "inputs": np.zeros(array)}).shape[1:] == wanted


def test_a_shape_without_a_conversion_has_no_expression() -> None:
    assert shape_hint((5, 4), (3,)) == ""
    assert shape_hint((5, 9, 7, 3), (9, 7)).startswith("The images are in color.")
    assert shape_hint((4,), (3,)) == ""
