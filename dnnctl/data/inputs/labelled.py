"""New examples: inputs with their targets.

Shapes: N is the number of examples, K of labels or target numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dnnctl.data.dataset import Array, Task
from dnnctl.data.images.folder import list_folder
from dnnctl.data.images.listing import Listing
from dnnctl.data.images.table import list_table
from dnnctl.data.inputs.arrays import ArrayInputs, open_array
from dnnctl.data.inputs.batch import InputForm, InputReader
from dnnctl.data.inputs.files import kind_of
from dnnctl.data.inputs.images import ImageInputs
from dnnctl.data.inputs.json_lines import JsonInputs
from dnnctl.data.inputs.memory import open_memory, stream_memory
from dnnctl.data.inputs.open import ARRAYS, open_inputs
from dnnctl.data.inputs.records import RecordInputs
from dnnctl.data.inputs.tables import TableInputs
from dnnctl.data.json_lines import to_targets
from dnnctl.data.tables.column_type import read_column
from dnnctl.data.tables.target import Target
from dnnctl.data.tables.wording import listed
from dnnctl.errors import DataError
from dnnctl.specs.class_names import class_number
from dnnctl.specs.images import Images
from dnnctl.specs.source import JsonLines, Npz
from dnnctl.specs.table import Table
from dnnctl.store.facts import TargetFacts

Others = Mapping[str, Sequence[Any]]
"""By name the other columns of the batches, in order."""


@dataclass(frozen=True)
class Labelled:
    """New inputs, and their targets, which may be read together with them."""

    inputs: InputReader
    targets: Callable[[Others], Array]
    """(N,) class numbers or (N, K) numbers, from the other columns of all batches."""


def open_labelled(path: str, form: InputForm, target: TargetFacts) -> Labelled:
    """A file or folder of the kind that the run was trained on, with targets.

    Raises:
        UserError: it does not fit the run, or has no targets.
    """
    kind = kind_of(path)
    source = form.source
    if form.encoding is not None and isinstance(source, Table):
        names = [source.target] if isinstance(source.target, str) else list(source.target)
        reader = open_inputs([path], form, names)
        assert isinstance(reader, TableInputs), "it is the only reader of encoded columns"
        return Labelled(reader, partial(_table_targets, names, reader, target))
    if isinstance(source, Images):
        listing = _list_images(source, path, kind)
        labels = np.array([file.label for file in listing.files])
        targets = _encode(_as_numbers(labels, path) if target.task == "numbers" else labels, target, path)
        return Labelled(ImageInputs([str(listing.root / file.path) for file in listing.files], form), lambda _: targets)
    if kind == "tfrecord":
        records = RecordInputs(path, form, has_targets=True)
        known = _encode(records.targets, target, path)
        return Labelled(records, lambda _: known)
    if kind in ARRAYS:
        inputs, targets = _arrays(source, kind, path)
        if len(inputs) != len(targets):
            raise DataError(f"{path}: there are {len(inputs):,} inputs, but {len(targets):,} targets.")
        encoded = _encode(targets, target, path)
        return Labelled(ArrayInputs(inputs, form), lambda _: encoded)
    key = source.target if isinstance(source, JsonLines) else "target"
    reader = open_inputs([path], form, [] if kind in ("image", "folder") else [key])
    if not isinstance(reader, JsonInputs):
        raise DataError(f"{path} has no targets. Give an .npz or .jsonl file with inputs and targets.")
    return Labelled(reader, lambda others: _encode(to_targets(list(others[key]), path), target, path))


def label_memory(given: Any, form: InputForm, target: TargetFacts) -> Labelled:
    """Examples in memory: a dict with the columns of a table and its targets, or a pair of arrays.

    Raises:
        UserError: they do not fit the run.
    """
    source = form.source
    if form.encoding is not None and isinstance(source, Table):
        names = [source.target] if isinstance(source.target, str) else list(source.target)
        reader = TableInputs(stream_memory(given, form.encoding), form, names)
        return Labelled(reader, partial(_table_targets, names, reader, target))
    if not isinstance(given, tuple) or len(given) != 2:
        raise DataError("`data` must be a path, or a pair of arrays, (inputs, targets).")
    inputs, targets = given[0], np.asarray(given[1])
    if len(inputs) != len(targets):
        raise DataError(f"There are {len(inputs):,} inputs, but {len(targets):,} targets.")
    encoded = _encode(targets, target, "the given targets")
    return Labelled(open_memory(inputs, form), lambda _: encoded)


def _list_images(source: Images, path: str, kind: str) -> Listing:
    if kind == "folder":
        listing = list_folder(Path(path), needs_classes=False)
        splits = list(dict.fromkeys(file.path.partition("/")[0] for file in listing.files if file.split != "train"))
        if splits:
            raise DataError(f"{path} has folders for several splits. Name one of them, such as {path}/{splits[-1]}.")
        return listing
    if kind != "csv":
        raise DataError(f"{path}: images with labels are class folders, or a CSV file that names them.")
    return list_table(source.model_copy(update={"path": path, "split": "none"}))


def _table_targets(names: Sequence[str], reader: TableInputs, target: TargetFacts, others: Others) -> Array:
    """The targets of a table: classes by their names."""
    reading = reader.reading(0)
    kind = {"classes": None, "labels": "boolean", "numbers": "number"}[target.task]
    columns = [read_column(name, _joined(others[name]), reading, kind) for name in names]
    task: Task = "classes" if target.task == "classes" else "labels" if target.task == "labels" else "numbers"
    return Target(task, target.names).values(columns, reading.path)


def _joined(chunks: Sequence[Any]) -> pa.ChunkedArray:
    """The values of all batches; as text, if JSON lines have different types in them."""
    try:
        return pa.chunked_array(chunks)
    except (pa.ArrowException, TypeError):
        return pa.chunked_array([chunk.cast(pa.string()) for chunk in chunks])


def _arrays(source: Any, kind: str, path: str) -> tuple[Array, Array]:
    """The inputs and the targets of an .npz file, whose arrays are named as in the training file."""
    ours = source if isinstance(source, Npz) else Npz(kind="npz", path=path)
    if kind == "npy":
        raise DataError(f"{path} has no targets. Save {ours.test_inputs} and {ours.test_targets} with np.savez.")
    pair = (ours.test_inputs, ours.test_targets)
    return open_array(kind, path, pair[0]), open_array(kind, path, pair[1])


def _as_numbers(words: Array, path: str) -> Array:
    try:
        return words.astype(np.float64)
    except ValueError as error:
        raise DataError(f"{path}: the labels must be numbers ({error}).") from None


def _encode(values: Array, target: TargetFacts, path: str) -> Array:
    """Targets in the form of those of training."""
    if target.task != "classes":
        return _numbers(values, target, path)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"{path}: there must be one class for each example.")
    try:
        distinct, rows = np.unique(values, return_inverse=True)
    except TypeError:
        raise DataError(f"{path}: some targets are missing, or some are text and some numbers.") from None
    numbers = [class_number(_entry(value, target.names), target.names) for value in distinct.tolist()]
    unknown = [str(value) for value, number in zip(distinct.tolist(), numbers, strict=True) if number is None]
    if unknown:
        raise DataError(
            f"{path} has classes that the run does not know: {listed(unknown)}. It was trained with "
            f"{listed(target.names)}."
        )
    return np.array(numbers, np.int32)[rows]


def _entry(value: Any, names: Sequence[str]) -> int | str:
    """A class as the names of classes write it: whole numbers without leading zeros."""
    if isinstance(value, str):
        return str(int(value)) if value.isdecimal() and value not in names else value
    return int(value) if float(value).is_integer() else str(value)


def _numbers(values: Array, target: TargetFacts, path: str) -> Array:
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise DataError(f"{path}: the targets are not rows of numbers.")
    found = values.reshape(len(values), -1).astype(np.float32)
    n = len(target.names) or len(target.trivial)
    if not np.isfinite(found).all() or (n and found.shape[1] != n):
        raise DataError(f"{path}: each example must have {n or 'some'} finite target numbers.")
    if target.task == "labels" and not np.isin(found, (0, 1)).all():
        raise DataError(f"{path}: labels must be 0 or 1.")
    return found
