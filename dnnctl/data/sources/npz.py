"""Arrays from a NumPy file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Part, RawData, Task
from dnnctl.errors import DataError
from dnnctl.specs.source import Npz

Array = NDArray[np.generic]


def load(source: Npz, _progress: Progress) -> RawData:
    """The training and test splits in a NumPy file.

    Raises:
        DataError: the file or an array is missing, or the arrays do not match each other.
    """
    names = {
        "train_inputs": source.train_inputs,
        "train_targets": source.train_targets,
        "test_inputs": source.test_inputs,
        "test_targets": source.test_targets,
    }
    arrays = _read(Path(source.path), names)
    for role in ("train_inputs", "train_targets"):
        if role not in arrays:
            raise DataError(_missing(source.path, role, names[role]))
    if ("test_inputs" in arrays) != ("test_targets" in arrays):
        role = "test_targets" if "test_inputs" in arrays else "test_inputs"
        raise DataError(_missing(source.path, role, names[role]))
    roles = ("train", "test") if "test_inputs" in arrays else ("train",)
    inputs = [_check_inputs(arrays[f"{role}_inputs"], names[f"{role}_inputs"]) for role in roles]
    raw_targets = [arrays[f"{role}_targets"] for role in roles]
    task = _task(source, raw_targets[0])
    targets, class_names = _labels(raw_targets) if task == "classes" else (_numbers(raw_targets), ())
    parts = [_part(own, wanted, role) for own, wanted, role in zip(inputs, targets, roles, strict=True)]
    if len(parts) > 1 and parts[0].inputs.shape[1:] != parts[1].inputs.shape[1:]:
        raise DataError(f"{source.path}: training inputs are {_shape(inputs[0])}, test inputs {_shape(inputs[1])}.")
    if len(parts) > 1 and parts[0].targets.shape[1:] != parts[1].targets.shape[1:]:
        raise DataError(f"{source.path}: training targets are {_shape(targets[0])}, test targets {_shape(targets[1])}.")
    return RawData(parts[0], parts[1] if len(parts) > 1 else None, task, class_names)


def _read(path: Path, names: dict[str, str]) -> dict[str, Array]:
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise DataError(f"{path} contains one array without a name. Save named arrays with np.savez.")
        with loaded as file:
            found = {role: file[name] for role, name in names.items() if name in file.files}
            found.update({"": np.array(file.files)} if "train_inputs" not in found else {})
    except FileNotFoundError:
        rule = "The path is relative to the spec that contains it; with --set, to the working directory."
        raise DataError(f"{path}: no such file. Fix `data.source.path`. {rule}") from None
    except ValueError as error:
        is_objects = "Object arrays" in str(error)
        objects = "an array contains Python objects: save it with .astype(str) or as numbers"
        reason = objects if is_objects else "damaged"
        raise DataError(f"{path} is not a readable NumPy .npz file ({reason}).") from None
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is not a readable NumPy .npz file ({error}).") from None
    if "" in found:
        listed = ", ".join(str(name) for name in found[""])
        raise DataError(f"{_missing(str(path), 'train_inputs', names['train_inputs'])} The file contains: {listed}.")
    return found


def _missing(path: str, role: str, name: str) -> str:
    return f"{path} has no array '{name}'. Set `data.source.{role}` to the name of the array."


def _check_inputs(inputs: Array, name: str) -> Array:
    if inputs.ndim < 2 or inputs.size == 0:
        raise DataError(f"'{name}' has the shape {_shape(inputs)}, but must have one example per row.")
    if inputs.dtype == np.uint8:
        return inputs
    if inputs.dtype.kind not in "fiub":
        raise DataError(f"'{name}' has the type {inputs.dtype}, but inputs must be numbers.")
    numbers = inputs.astype(np.float32)
    if not np.isfinite(numbers).all():
        row = int(np.argwhere(~np.isfinite(numbers))[0][0])
        raise DataError(f"'{name}' contains infinite or NaN values, the first in row {row}.")
    _check_precision(inputs, name)
    return numbers


def _check_precision(inputs: Array, name: str) -> None:
    """Reject features whose values float32, with its 24 bits, cannot distinguish: timestamps, large identifiers."""
    if inputs.ndim != 2 or inputs.dtype.itemsize <= 4:
        return
    low, high = inputs.min(axis=0).astype(np.float64), inputs.max(axis=0).astype(np.float64)
    step = np.maximum(np.abs(low), np.abs(high)) * 2.0**-24
    lost = np.flatnonzero((high > low) & (step > (high - low) / 100))
    if len(lost):
        column = int(lost[0])
        raise DataError(
            f"'{name}', column {column}: values from {low[column]:.10g} to {high[column]:.10g} cannot be distinguished "
            "in float32. Subtract their mean before saving them."
        )


def _task(source: Npz, targets: Array) -> Task:
    if source.task != "auto":
        return source.task
    return "numbers" if targets.dtype.kind == "f" else "classes"


def _labels(targets: list[Array]) -> tuple[list[Array], tuple[str, ...]]:
    """Labels as class numbers from 0, in the order of their values."""
    rows = [_row(array) for array in targets]
    values = np.unique(rows[0])
    for row in rows[1:]:
        unknown = np.setdiff1d(row, values)
        if len(unknown):
            listed = ", ".join(repr(str(value)) for value in unknown[:5])
            raise DataError(f"Test targets contain labels that no training example has: {listed}.")
    if len(values) < 2:
        raise DataError("All targets are the same, so there is nothing to learn. Are these the right arrays?")
    numbered: list[Array] = [np.searchsorted(values, row).astype(np.int32) for row in rows]
    return numbered, tuple(str(value) for value in values)


def _row(targets: Array) -> Array:
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1:
        raise DataError(
            f"Targets have the shape {_shape(targets)}; classes need one label per example. "
            "Convert one-hot rows with .argmax(axis=1)."
        )
    if targets.dtype.kind == "f" and not np.equal(np.mod(targets.astype(np.float64), 1), 0).all():
        raise DataError("Targets are not whole numbers. Write `data.source.task: numbers`.")
    return targets.astype(np.int64) if targets.dtype.kind in "fb" else targets


def _numbers(targets: list[Array]) -> list[Array]:
    """Targets as (N, K) numbers."""
    columns: list[Array] = []
    for array in targets:
        if array.dtype.kind not in "fiub" or array.ndim not in (1, 2):
            raise DataError(f"Targets of type {array.dtype} and shape {_shape(array)} are not rows of numbers.")
        column = array.reshape(len(array), -1).astype(np.float32)
        if not np.isfinite(column).all():
            raise DataError("Targets contain infinite or NaN values.")
        columns.append(column)
    return columns


def _part(inputs: Array, targets: Array, role: str) -> Part:
    if len(inputs) != len(targets):
        raise DataError(f"There are {len(inputs)} {role} inputs, but {len(targets)} {role} targets.")
    return Part(inputs, targets)


def _shape(array: Array) -> str:
    return " × ".join(str(size) for size in array.shape) or "none"
