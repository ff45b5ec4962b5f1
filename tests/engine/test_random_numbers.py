"""Which layers get numbers that TensorFlow draws for XLA."""

from __future__ import annotations

import keras

from dnnctl.builder.dropout import NOISES
from dnnctl.engine.random_numbers import FORMULAS
from dnnctl.layers import RReLU

DRAWN_BY_XLA = {keras.layers.SpatialDropout2D}
"""Draws a number per channel; a formula here gets a number per value."""


def test_every_random_layer_has_a_formula_or_is_drawn_by_xla() -> None:
    missing = {*NOISES, RReLU} - DRAWN_BY_XLA - set(FORMULAS)
    assert missing == set(), "dnnctl.engine.random_numbers.FORMULAS lacks these layers"
    assert set(FORMULAS) == {*NOISES, RReLU} - DRAWN_BY_XLA
