"""Examples in files of JSON lines."""

from __future__ import annotations

from pathlib import Path

from dnnctl.data.arrays import encode_targets
from dnnctl.data.cache import Progress
from dnnctl.data.dataset import RawData
from dnnctl.data.json_lines import LineRows, index_lines
from dnnctl.errors import DataError
from dnnctl.specs.source import JsonLines
from dnnctl.text import format_shape


def load(source: JsonLines, _progress: Progress) -> RawData:
    """The splits in the files.

    Raises:
        DataError: a file is missing, a line is not an example, or the files do not match each other.
    """
    paths = {"train": source.path, "validation": source.validation_path, "test": source.test_path}
    indexes = {
        split: index_lines(Path(path), source.inputs, source.target) for split, path in paths.items() if path != "none"
    }
    for index in indexes.values():
        if index.shape != indexes["train"].shape:
            ours, others = format_shape(indexes["train"].shape), format_shape(index.shape)
            raise DataError(f"{index.path}: the inputs have the shape {others}, but the training inputs {ours}.")
    targets = encode_targets({split: index.targets for split, index in indexes.items()}, source.task)
    rows = {split: LineRows(index, targets.splits[split]) for split, index in indexes.items()}
    return RawData(
        rows["train"], rows.get("test"), targets.task, targets.class_names, validation=rows.get("validation")
    )
