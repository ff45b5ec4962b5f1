"""What an optimizer keeps for each weight is what Keras creates."""

from __future__ import annotations

from itertools import product
from math import prod

import keras
import numpy as np
import pytest

from dnnctl.builder.optimizer import OPTIMIZERS, SLOTS, build_optimizer, n_slots
from dnnctl.specs import Spec

PLAIN = {"name": "a", "data": {"source": "mnist"}, "model": {"layers": ["flatten"]}}
N = 64


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_values_for_each_weight_are_those_of_keras(kind: str) -> None:
    """Rounded down: what is kept for each row or column of a kernel is small."""
    keys = [key for key in ("momentum", "centered", "amsgrad") if key in SLOTS[kind][1]]
    for values in product([0.0, 0.5], repeat=len(keys)):
        chosen = {key: value if key == "momentum" else bool(value) for key, value in zip(keys, values, strict=True)}
        spec = Spec.model_validate({**PLAIN, "optimizer": {"kind": kind, **chosen}}).optimizer
        optimizer = build_optimizer(spec)
        optimizer.build([keras.Variable(np.zeros((N, N), np.float32), name="kernel")])
        assert n_slots(spec) == sum(prod(variable.shape) for variable in optimizer.variables) // N**2, chosen


def test_every_optimizer_has_its_slots() -> None:
    assert set(SLOTS) == set(OPTIMIZERS)
