"""Constraints: limits on a layer's weights, applied after each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.constraint import MaxNorm, MinMaxNorm, PlainConstraint
from dnnctl.specs.field import Kind

CONSTRAINTS: dict[type[Kind], Callable[[Any, Any], keras.constraints.Constraint | None]] = {
    MaxNorm: lambda spec, axis: keras.constraints.MaxNorm(spec.radius, axis=axis),
    MinMaxNorm: lambda spec, axis: keras.constraints.MinMaxNorm(spec.low, spec.high, axis=axis),
    PlainConstraint: lambda spec, axis: (
        keras.constraints.NonNeg() if spec.kind == "non_neg" else keras.constraints.UnitNorm(axis=axis)
    ),
    Nothing: lambda _spec, _axis: None,
}

DENSE_INPUTS = 0
CONV_INPUTS = [0, 1, 2]
"""The axes of the kernel over which the incoming weights of one unit extend."""


def build_constraint(spec: Kind, axis: int | list[int]) -> keras.constraints.Constraint | None:
    """The constraint of one layer's weights; the incoming weights of one unit extend over `axis`."""
    return CONSTRAINTS[type(spec)](spec, axis)
