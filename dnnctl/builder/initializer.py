"""Initializers, each with its own seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from dnnctl.specs.field import Kind
from dnnctl.specs.initializer import (
    ConstantValue,
    NamedInitializer,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    VarianceScaling,
)

_NORMALS: dict[str, type[keras.initializers.Initializer]] = {
    "random_normal": keras.initializers.RandomNormal,
    "truncated_normal": keras.initializers.TruncatedNormal,
}

INITIALIZERS: dict[type[Kind], Callable[[Any, int], keras.initializers.Initializer]] = {
    NamedInitializer: lambda spec, seed: _named(spec.kind, seed),
    VarianceScaling: lambda spec, seed: keras.initializers.VarianceScaling(
        scale=spec.scale, mode=spec.mode, distribution=spec.distribution, seed=seed
    ),
    RandomNormal: lambda spec, seed: _NORMALS[spec.kind](mean=spec.mean, stddev=spec.stddev, seed=seed),
    RandomUniform: lambda spec, seed: keras.initializers.RandomUniform(-spec.limit, spec.limit, seed=seed),
    Orthogonal: lambda spec, seed: keras.initializers.Orthogonal(gain=spec.gain, seed=seed),
    ConstantValue: lambda spec, _seed: keras.initializers.Constant(spec.value),
}


def build_initializer(spec: Kind, seed: int) -> keras.initializers.Initializer:
    """The initializer of one layer's weights."""
    return INITIALIZERS[type(spec)](spec, seed)


def _named(name: str, seed: int) -> keras.initializers.Initializer:
    arguments = {} if name in ("zeros", "ones") else {"seed": seed}
    return keras.initializers.get({"class_name": name, "config": arguments})
