"""New inputs in TFRecord files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from dnnctl.data.dataset import Array
from dnnctl.data.images.decode import Form
from dnnctl.data.inputs.batch import STEP, InputBatch, InputForm
from dnnctl.data.records.index import index_records
from dnnctl.data.records.inputs import wanted_inputs
from dnnctl.data.records.rows import RecordFiles
from dnnctl.data.source import no_progress
from dnnctl.errors import DataError
from dnnctl.specs.source import TfRecord
from dnnctl.text import format_shape


class RecordInputs:
    """The records of a file, read as those of training.

    Args:
        has_targets: whether the targets are read, too.

    Raises:
        DataError: the run was trained on something else, or the records do not fit it.
    """

    def __init__(self, path: str, form: InputForm, *, has_targets: bool = False) -> None:
        source = form.source
        if not isinstance(source, TfRecord):
            raise DataError(f"{path}: {form.run} was not trained on TFRecord files, so their features are not known.")
        wanted = wanted_inputs(source)
        index = index_records(Path(path), wanted, source.target if has_targets else None, no_progress)
        shape = index.shape
        if index.kind == "image":
            color: Literal["grey", "rgb"] = "grey" if len(form.shape) == 2 else "rgb"
            size = wanted.form.size or _size(path, index.sizes)
            wanted = replace(wanted, form=Form(size, wanted.form.resize, color))
            shape = size if color == "grey" else (*size, 3)
        if shape != form.shape:
            ours = format_shape(form.shape)
            raise DataError(f"{path}: the inputs have the shape {format_shape(shape)}. {form.run} takes {ours}.")
        self.targets: Array = index.targets
        """(N,) or (N, K), as they are written."""
        self.files = RecordFiles([Path(path)], [index], wanted, wanted.form, shape)

    def batches(self) -> Iterator[InputBatch]:
        """The records in order."""
        for start in range(0, len(self.files), STEP):
            rows = np.arange(start, min(start + STEP, len(self.files)))
            yield InputBatch({"row": range(start + 1, start + len(rows) + 1)}, self.files.read(rows))

    def notes(self) -> list[str]:
        """Nothing: every record is read like those of training."""
        return []


def _size(path: str, sizes: Array) -> tuple[int, int]:
    """The height and width of all images."""
    if bool((sizes != sizes[:1]).any()):
        raise DataError(f"{path}: the images have different sizes, but those of training had one.")
    return int(sizes[0][0]), int(sizes[0][1])
