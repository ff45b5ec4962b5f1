"""Regularizers: penalties on a layer's weights that are added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.specs.common_kind import Nothing
from dnnctl.specs.field import Kind
from dnnctl.specs.regularizer import L1, L1L2, L2

REGULARIZERS: dict[type[Kind], Callable[[Any], keras.regularizers.Regularizer | None]] = {
    L1: lambda spec: keras.regularizers.L1(spec.strength),
    L2: lambda spec: keras.regularizers.L2(spec.strength),
    L1L2: lambda spec: keras.regularizers.L1L2(spec.l1, spec.l2),
    Nothing: lambda _spec: None,
}


def build_regularizer(spec: Kind) -> keras.regularizers.Regularizer | None:
    """The regularizer of one layer's weights."""
    return REGULARIZERS[type(spec)](spec)
