"""Regularizers and constraints: what is asked of a layer's weights in the loss and after each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.constraint import MaxNorm, MinMaxNorm, PlainConstraint
from dnnctl.specs.field import Kind
from dnnctl.specs.regularizer import L1, L1L2, L2

REGULARIZERS: dict[type[Kind], Callable[[Any], keras.regularizers.Regularizer | None]] = {
    L1: lambda spec: keras.regularizers.L1(spec.strength),
    L2: lambda spec: keras.regularizers.L2(spec.strength),
    L1L2: lambda spec: keras.regularizers.L1L2(spec.l1, spec.l2),
    Nothing: lambda _spec: None,
}

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
"""The kernel's axes that hold one unit's incoming weights."""


def build_regularizer(spec: Kind) -> keras.regularizers.Regularizer | None:
    """What the weights add to the loss."""
    return REGULARIZERS[type(spec)](spec)


def build_constraint(spec: Kind, axis: int | list[int]) -> keras.constraints.Constraint | None:
    """What is done to the weights after each step; `axis` holds one unit's incoming weights."""
    return CONSTRAINTS[type(spec)](spec, axis)
