"""Examples in TFRecord files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dnnctl.data.arrays import encode_targets
from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Array, RawData
from dnnctl.data.files import matching_files
from dnnctl.data.images.decode import Form
from dnnctl.data.records.index import RecordIndex, index_records
from dnnctl.data.records.inputs import Wanted, wanted_inputs
from dnnctl.data.records.rows import RecordFiles, RecordRows
from dnnctl.errors import DataError
from dnnctl.specs.source import TfRecord
from dnnctl.text import format_shape

Indexes = Mapping[Path, RecordIndex]


def load(source: TfRecord, progress: Progress) -> RawData:
    """The splits in the files.

    Raises:
        DataError: a file is missing, a record is not an example, or the records do not match each other.
    """
    wanted = wanted_inputs(source)
    patterns = {"train": source.path, "validation": source.validation_path, "test": source.test_path}
    splits = {
        split: {path: index_records(path, wanted, source.target, progress) for path in find_files(pattern)}
        for split, pattern in patterns.items()
        if pattern != "none"
    }
    form, shape = common_form(wanted, {path: index for found in splits.values() for path, index in found.items()})
    files = {
        split: RecordFiles(list(found), list(found.values()), wanted, form, shape) for split, found in splits.items()
    }
    targets = encode_targets({split: _joined(found) for split, found in splits.items()}, source.task)
    rows = {split: RecordRows(files[split], targets.splits[split]) for split in splits}
    return RawData(
        rows["train"], rows.get("test"), targets.task, targets.class_names, validation=rows.get("validation")
    )


def find_files(pattern: str) -> Sequence[Path]:
    """The files that are meant by a path or a pattern.

    Raises:
        DataError: there are none.
    """
    found = matching_files(pattern)
    if not found:
        rule = "The path is relative to the spec that contains it; with --set, to the working directory."
        raise DataError(f"{pattern}: no such file. {rule}")
    return [Path(path) for path in found]


def common_form(wanted: Wanted, indexes: Indexes) -> tuple[Form, tuple[int, ...]]:
    """The form of encoded images, and the shape that all inputs have.

    Raises:
        DataError: the inputs differ in kind, shape or size.
    """
    (first_path, first), *others = indexes.items()
    for path, index in others:
        if (index.kind, index.shape) != (first.kind, first.shape):
            ours, theirs = (f"{each.kind} {format_shape(each.shape)}" for each in (first, index))
            raise DataError(f"{path}: the inputs are {theirs.strip()}, but those of {first_path} are {ours.strip()}.")
    if first.kind != "image":
        return wanted.form, first.shape
    size = wanted.form.size or _common_size(indexes)
    is_grey = wanted.form.color == "grey" or (
        wanted.form.color == "auto" and all(index.is_grey for index in indexes.values())
    )
    return replace(wanted.form, color="grey" if is_grey else "rgb"), size if is_grey else (*size, 3)


def _common_size(indexes: Indexes) -> tuple[int, int]:
    sizes = np.unique(np.concatenate([index.sizes for index in indexes.values()]), axis=0)
    if len(sizes) > 1:
        named = ", ".join(f"{height} × {width}" for height, width in sizes[:3].tolist())
        raise DataError(
            f"The images have different sizes: {named}{', …' if len(sizes) > 3 else ''} (height × width). Set "
            "`data.source.size`, for example `size: [64, 64]`."
        )
    return int(sizes[0][0]), int(sizes[0][1])


def _joined(indexes: Indexes) -> Array:
    """The targets of several files."""
    kinds = {index.targets.dtype.kind: path for path, index in indexes.items()}
    shapes = {index.targets.shape[1:] for index in indexes.values()}
    if len(kinds) > 1 or len(shapes) > 1:
        raise DataError(f"The targets of {' and '.join(map(str, kinds.values()))} are of different kinds.")
    return np.concatenate([index.targets for index in indexes.values()])
