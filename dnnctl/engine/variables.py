"""The variables of a training run: everything that the next step depends on, by path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import update_digest

AUTOMATIC_NAME = re.compile(r"^variable_\d+$")
Arrays = dict[str, NDArray[Any]]


def state_variables(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, metrics: list[keras.metrics.Metric]
) -> dict[str, keras.Variable]:
    """Every variable of model, seed generators, optimizer and metrics, by a path that is the same in all processes."""
    found: dict[str, keras.Variable] = {}
    for layer in model.layers:
        found |= _numbered(f"model/{layer.name}", layer.variables)
    found |= _numbered("optimizer", optimizer.variables)
    for metric in metrics:
        found |= _numbered(f"metric/{metric.name}", metric.variables)
    return found


def read_state(variables: Mapping[str, keras.Variable]) -> Arrays:
    """The variables' values, copied."""
    return {path: np.array(variable.numpy()) for path, variable in variables.items()}


def write_state(variables: Mapping[str, keras.Variable], state: Arrays) -> None:
    """Assign the values of a state to the variables."""
    for path, variable in variables.items():
        variable.assign(state[path])


def shapes_of(variables: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shape of each variable or array."""
    return {path: tuple(variable.shape) for path, variable in variables.items()}


def state_digest(state: Arrays) -> str:
    """SHA-256 over the paths, types, shapes and values of a state, in hexadecimal."""
    digest = sha256()
    for path in sorted(state):
        digest.update(path.encode())
        update_digest(digest, state[path])
    return digest.hexdigest()


def _numbered(prefix: str, variables: list[keras.Variable]) -> dict[str, keras.Variable]:
    """The variables by numbered path. Keras's automatic names lose their number, which differs between processes."""
    return {
        f"{prefix}/{number}_{AUTOMATIC_NAME.sub('variable', variable.name)}": variable
        for number, variable in enumerate(variables)
    }
