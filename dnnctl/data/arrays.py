"""Arrays of one's own: the checks of inputs, and targets in the form that training needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Task
from dnnctl.errors import DataError

CHUNK_BYTES = 1 << 24
"""How much of an array is converted at a time: an array on the disk can be larger than the memory."""


@dataclass(frozen=True)
class Targets:
    """The targets of each split, as training needs them."""

    task: Task
    splits: Mapping[str, Array]
    """For each split: (N,) int32 class numbers, or (N, K) float32 numbers."""
    class_names: tuple[str, ...] = ()


def encode_targets(splits: Mapping[str, Array], task: str) -> Targets:
    """The targets of all splits; `train` comes first.

    Args:
        task: `auto` means numbers if the training targets are floating-point, classes otherwise.

    Raises:
        DataError: the targets are not what the task needs.
    """
    if task == "auto":
        task = "numbers" if splits["train"].dtype.kind == "f" else "classes"
    if task == "classes":
        return _classes(splits)
    numbers = {role: _numbers(array) for role, array in splits.items()}
    _check_columns(splits, numbers)
    if task == "numbers":
        return Targets("numbers", numbers)
    for role, array in numbers.items():
        _check_labels(array, role)
    return Targets("labels", numbers, tuple(map(str, range(numbers["train"].shape[1]))))


def check_lengths(inputs: Mapping[str, Array], targets: Mapping[str, Array], place: str) -> None:
    """Check that each split has a target for each example, and that all inputs have the same shape and type.

    Raises:
        DataError: they differ.
    """
    for role, array in inputs.items():
        if len(array) != len(targets[role]):
            raise DataError(f"There are {len(array)} {role} inputs, but {len(targets[role])} {role} targets.")
        if array.shape[1:] != inputs["train"].shape[1:]:
            ours, others = _shape(inputs["train"]), _shape(array)
            raise DataError(f"{place}: training inputs are {ours}, {role} inputs {others}.")
        if is_uint8(array) != is_uint8(inputs["train"]):  # uint8 is scaled as pixels; other types are not
            raise DataError(
                f"{place}: training inputs are {inputs['train'].dtype}, {role} inputs {array.dtype}. Save both "
                "with the same type and on the same scale."
            )


def is_uint8(array: Array) -> bool:
    """Whether inputs stay as they are; all others become float32."""
    return bool(array.dtype == np.uint8)


def to_inputs(array: Array) -> Array:
    """Inputs as training needs them: uint8 as it is, everything else as float32."""
    if is_uint8(array):
        return array
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is then refused
        return array.astype(np.float32, copy=False)


def chunks(array: Array) -> Iterator[slice]:
    """Slices of rows that together are the whole array, each small enough to be converted."""
    step = max(1, CHUNK_BYTES // max(1, array[:1].nbytes))
    return (slice(start, start + step) for start in range(0, len(array), step))


def check_form(inputs: Array, name: str) -> None:
    """Check that inputs are numbers, one example per row, without reading them.

    Raises:
        DataError: they are not.
    """
    if inputs.ndim < 2 or inputs.size == 0:
        raise DataError(f"'{name}' has the shape {_shape(inputs)}, but must have one example per row.")
    if inputs.dtype.kind not in "fiub":
        raise DataError(f"'{name}' has the type {inputs.dtype}, but inputs must be numbers.")


def check_values(inputs: Array, name: str, digest: Any = None) -> None:
    """Check that inputs are finite, and that float32 can distinguish them.

    Args:
        digest: a running digest that is fed all values, in the same pass.

    Raises:
        DataError: they are not.
    """
    spread = Spread() if inputs.ndim == 2 and inputs.dtype.itemsize > 4 else None
    for rows in chunks(inputs):
        numbers = to_inputs(inputs[rows])
        if numbers.dtype != np.uint8 and not np.isfinite(numbers).all():
            row = rows.start + int(np.argwhere(~np.isfinite(numbers))[0][0])
            raise DataError(f"'{name}' contains infinite or NaN values, the first in row {row}.")
        if spread is not None:
            spread.widen(inputs[rows])
        if digest is not None:
            digest.update(np.ascontiguousarray(numbers).data)
    if spread is not None:
        spread.check(name)


class Spread:
    """The smallest and the largest value of each column."""

    def __init__(self) -> None:
        self.low: Any = np.inf
        self.high: Any = -np.inf

    def widen(self, rows: Array) -> None:
        """Include more rows, (N, D)."""
        self.low = np.minimum(self.low, rows.min(axis=0).astype(np.float64))
        self.high = np.maximum(self.high, rows.max(axis=0).astype(np.float64))

    def check(self, name: str) -> None:
        """Reject features whose values float32, with its 24 bits, cannot distinguish: timestamps, large identifiers."""
        low, high = self.low, self.high
        step = np.maximum(np.abs(low), np.abs(high)) * 2.0**-24
        lost = np.flatnonzero((high > low) & (step > (high - low) / 100))
        if len(lost):
            column = int(lost[0])
            raise DataError(
                f"'{name}', column {column}: values from {low[column]:.10g} to {high[column]:.10g} cannot be "
                "distinguished in float32. Subtract their mean before saving them."
            )


def _classes(splits: Mapping[str, Array]) -> Targets:
    """Labels as class numbers from 0, in the order of their values."""
    rows = {role: _row(array) for role, array in splits.items()}
    values = np.unique(rows["train"])
    for role, row in rows.items():
        unknown = np.setdiff1d(row, values)
        if len(unknown):
            listed = ", ".join(repr(str(value)) for value in unknown[:5])
            raise DataError(f"{role.capitalize()} targets contain labels that no training example has: {listed}.")
    if len(values) < 2:
        raise DataError("All targets are the same, so there is nothing to learn. Are these the right arrays?")
    numbered: dict[str, Array] = {role: np.searchsorted(values, row).astype(np.int32) for role, row in rows.items()}
    return Targets("classes", numbered, tuple(str(value) for value in values))


def _row(targets: Array) -> Array:
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1:
        raise DataError(
            f"Targets have the shape {_shape(targets)}; classes need one label per example. "
            "Convert one-hot rows with .argmax(axis=1). If each column answers a question of its own with 0 or 1, "
            "write `data.source.task: labels`."
        )
    if targets.dtype.kind == "f" and not np.equal(np.mod(targets.astype(np.float64), 1), 0).all():
        raise DataError("Targets are not whole numbers. Write `data.source.task: numbers`.")
    return targets.astype(np.int64) if targets.dtype.kind in "fb" else np.asarray(targets)


def _numbers(targets: Array) -> NDArray[np.float32]:
    """Targets as (N, K) numbers."""
    if targets.dtype.kind not in "fiub" or targets.ndim not in (1, 2):
        raise DataError(f"Targets of type {targets.dtype} and shape {_shape(targets)} are not rows of numbers.")
    with np.errstate(over="ignore"):
        columns = targets.reshape(len(targets), -1).astype(np.float32)
    if not np.isfinite(columns).all():
        raise DataError("Targets contain infinite or NaN values.")
    return columns


def _check_columns(splits: Mapping[str, Array], numbers: Mapping[str, Array]) -> None:
    for role, array in numbers.items():
        if array.shape[1:] != numbers["train"].shape[1:]:
            ours, others = _shape(splits["train"]), _shape(splits[role])
            raise DataError(f"The training targets are {ours}, {role} targets {others}.")


def _check_labels(targets: Array, role: str) -> None:
    """Check that the labels (N, K) are 0 or 1, and that the training labels are not all the same."""
    wrong = np.argwhere((targets != 0) & (targets != 1))
    if len(wrong):
        row, column = map(int, wrong[0])
        raise DataError(
            f"Labels must be 0 or 1, but row {row} of the {role} targets has {targets[row, column]:g} in column "
            f"{column}."
        )
    if role == "train" and bool((targets == targets[:1]).all()):
        raise DataError("All targets are the same, so there is nothing to learn. Are these the right arrays?")


def _shape(array: Array) -> str:
    return " × ".join(str(size) for size in array.shape) or "none"
