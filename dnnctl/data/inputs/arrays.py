"""New inputs in NumPy files.

Shapes: N is the number of rows; a row has the shape of one example's input.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dnnctl.data.arrays import chunks
from dnnctl.data.dataset import Array
from dnnctl.data.inputs.batch import STEP, InputBatch, InputForm
from dnnctl.data.inputs.shape_hint import shape_hint
from dnnctl.errors import DataError, RunError, shorten
from dnnctl.text import format_shape, suggest

BATCH_BYTES = 1 << 26


class ArrayInputs:
    """The rows of an array.

    Raises:
        RunError: it does not fit the run.
    """

    def __init__(self, array: Array, form: InputForm) -> None:
        check_array(array, form)
        self.array = array
        self.form = form

    def batches(self) -> Iterator[InputBatch]:
        """The rows in order."""
        n_rows = max(1, BATCH_BYTES // max(1, self.array[:1].nbytes) // STEP) * STEP
        for start in range(0, len(self.array), n_rows):
            part = np.array(self.array[start : start + n_rows], order="C")
            yield InputBatch({"row": range(start + 1, start + len(part) + 1)}, part)

    def notes(self) -> list[str]:
        """How many values are outside the range of the training data; pixels that are almost black."""
        if self.form.is_pixels and len(self.array) and _range(self.array)[1] <= 1:
            return ["all pixels are 0 or 1, but those of training are from 0 to 255. Were they divided by 255?"]
        if not self.form.input_range:
            return []
        low, high = self.form.input_range
        n = sum(int(((part < low) | (part > high)).sum()) for part in map(self._numbers, chunks(self.array)))
        where = f"{low:.4g} to {high:.4g}, the range of the training data"
        return [f"{n:,} of {self.array.size:,} values are outside {where}"] if n else []

    def _numbers(self, rows: slice) -> Any:
        return np.asarray(self.array[rows], np.float64).astype(np.float32)


def open_array(kind: str, path: str, name: str | None = None) -> Array:
    """The array in a file.

    Args:
        kind: `npy` or `npz`.
        name: the array of an .npz file that contains several.

    Raises:
        DataError: it is damaged, holds something else than arrays, or several and none has the name.
    """
    try:
        if kind == "npy":
            return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if len(file.files) == 1:
                name = file.files[0]
            if name in file.files:
                return np.asarray(file[name])
            names = list(file.files)
    except OSError as error:
        raise DataError(f"Cannot read {path}: {error.strerror or error}.") from None
    except MemoryError:
        raise DataError(f"{path} does not fit into memory. Save the array with np.save as .npy.") from None
    except Exception:  # damaged archives raise almost anything
        raise DataError(f"Cannot read {path}: it must be a .npy or .npz file that contains numbers.") from None
    hint = suggest(name, names) if name else f"It has: {shorten(', '.join(names) or 'none', 200)}."
    wanted = f"an array '{name}'" if name else "exactly one array"
    raise DataError(f"{path} must contain {wanted}. {hint}")


def check_array(array: Any, form: InputForm) -> None:
    """Check that inputs are an array, and have the shape, the type and the range of the training data.

    Raises:
        RunError: they do not.
    """
    run = form.run
    if not isinstance(array, np.ndarray):
        raise RunError(f"The inputs of {run} must be an array. Received: {type(array).__name__}.")
    if array.shape[1:] != form.shape or array.ndim == 0:
        rule = f"each must have the shape {format_shape(form.shape)}. Received: {format_shape(array.shape[1:])}."
        hint = shape_hint(array.shape, form.shape)
        raise RunError(f"These inputs do not fit {run}: {rule}{f' {hint}' if hint else ''}")
    if array.dtype.kind not in "fiub":
        raise RunError(f"These inputs do not fit {run}: they must be numbers. Received: {array.dtype}.")
    if not len(array):
        raise RunError("There are no inputs: the array has no rows.")
    if form.is_pixels:
        if array.dtype != "uint8":
            _check_pixels(array, form)
        return
    low, high = _range(array)
    if not np.isfinite([low, high]).all():
        raise RunError(f"These inputs do not fit {run}: they contain infinite or NaN values.")
    if form.input_range and array.dtype.kind in "iu" and max(abs(end) for end in form.input_range) <= 1 and high > 1:
        ours = "from {:.4g} to {:.4g}".format(*form.input_range)
        raise RunError(
            f"{run} was trained on numbers {ours}. Received: {array.dtype} from {low:.4g} to {high:.4g}. Convert them: "
            "inputs / 255 for pixels."
        )


def _check_pixels(array: Array, form: InputForm) -> None:
    """Check that inputs that are not uint8 are whole pixel values from 0 to 255."""
    low, high = _range(array)
    received = f"{array.dtype} from {low:.4g} to {high:.4g}"
    if low < 0 or high > 255 or np.isnan([low, high]).any():
        raise RunError(f"{form.run} was trained on uint8 pixels from 0 to 255. Received: {received}.")
    is_whole = array.dtype.kind != "f" or all(bool((array[rows] % 1 == 0).all()) for rows in chunks(array))
    if array.dtype.kind == "f" and (high <= 1 or not is_whole):
        raise RunError(
            f"{form.run} was trained on uint8 pixels from 0 to 255, which the model scales itself. Received: "
            f"{received}. Convert them: (inputs * 255).round().astype('uint8') for values from 0 to 1."
        )


def _range(array: Array) -> tuple[float, float]:
    """The smallest and the largest value; NaN if one is."""
    ends = np.array([(array[rows].min(), array[rows].max()) for rows in chunks(array)], np.float64)
    return (float(ends[:, 0].min()), float(ends[:, 1].max())) if ends.size else (0.0, 0.0)
