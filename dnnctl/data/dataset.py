"""A data set in memory.

Shapes: N is the number of examples; inputs are (N, …), labels (N,), numbers (N, K).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["classes", "numbers"]


@dataclass(frozen=True)
class Part:
    """Examples: inputs and targets."""

    inputs: NDArray[np.generic]
    """(N, …) uint8 or float32."""
    targets: NDArray[np.generic]
    """(N,) int32 class numbers, or (N, K) float32 numbers."""

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: NDArray[np.intp] | slice) -> Part:
        """Some of the examples."""
        return Part(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class RawData:
    """A data set as it is in its source: a training split, and a test split if there is one."""

    train: Part
    test: Part | None
    task: Task
    class_names: tuple[str, ...] = ()

    def digest(self) -> str:
        """The identity of the examples: SHA-256 over shapes, types and values, in hexadecimal."""
        state = sha256()
        for part in (self.train, self.test):
            if part is not None:
                update_digest(state, part.inputs)
                update_digest(state, part.targets)
        return state.hexdigest()


@dataclass(frozen=True)
class Dataset:
    """A data set ready for training."""

    train: Part
    validation: Part | None
    test: Part | None
    unlabelled: NDArray[np.generic] | None
    """(N, …) the inputs of all training examples, including those beyond `limit`; None if they are not needed."""
    task: Task
    class_names: tuple[str, ...]
    digest: str
    """The identity of the source's examples."""
    split_digest: str
    """The identity of the training and validation rows."""

    @property
    def n_outputs(self) -> int:
        """The number of classes, or of numbers to predict."""
        return len(self.class_names) if self.task == "classes" else int(self.train.targets.shape[1])


def update_digest(state: object, array: NDArray[np.generic]) -> None:
    """Feed an array's type, shape and values to a running digest."""
    state.update(f"{array.dtype.str}{array.shape}".encode())  # type: ignore[attr-defined]
    state.update(np.ascontiguousarray(array).data)  # type: ignore[attr-defined]
