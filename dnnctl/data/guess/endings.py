"""The kind of a file, by its ending."""

from __future__ import annotations

from pathlib import Path

from dnnctl.data.cache import Progress
from dnnctl.data.guess.guess import Guess
from dnnctl.data.guess.images import find_image_column, guess_folder, guess_image_table
from dnnctl.data.guess.jsonl import guess_jsonl
from dnnctl.data.guess.npz import guess_npz
from dnnctl.data.guess.table import guess_table, open_table
from dnnctl.data.guess.tfrecord import guess_tfrecord
from dnnctl.data.source import no_progress
from dnnctl.errors import DataError

KINDS = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".csv.gz": "csv", ".tsv.gz": "csv", ".txt.gz": "csv",
    ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".npz": "npz", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".tfrecord": "tfrecord", ".tfrecords": "tfrecord",
}  # fmt: skip
NPY = (
    "An .npy file has one array, but inputs and targets are two. Save both in one file with "
    "np.savez('data.npz', x_train=…, y_train=…), or write both into a spec: "
    "`source: {kind: npy, train_inputs: x.npy, train_targets: y.npy}`."
)
ADVICE = {
    ".npy": NPY,
    ".json": "Write one object per line (.jsonl), or make a table of it (.csv).",
    ".xlsx": "Save the workbook as CSV.",
    ".xls": "Save the workbook as CSV.",
    ".zip": "Unpack it first.",
    ".tar": "Unpack it first.",
    ".tgz": "Unpack it first.",
}


def guess_source(path: Path, target: str | None = None, progress: Progress = no_progress) -> Guess:
    """What a file or a folder is.

    Args:
        target: the name of the target; None to guess it.

    Raises:
        DataError: it does not exist, or is not of a kind that can be read.
    """
    if path.is_dir():
        if any(path.glob("data-*.arrow")):
            return guess_table("arrow", open_table("arrow", str(path)), target)
        if target is not None:
            raise DataError(f"{path} is a folder of images: the class of an image is its folder. Remove --target.")
        return guess_folder(path, progress)
    if not path.is_file():
        raise DataError(f"{path}: no such file or folder.")
    kind = _kind(path)
    if kind == "npz":
        return guess_npz(str(path), target)
    if kind == "jsonl":
        return guess_jsonl(str(path), target)
    if kind == "tfrecord":
        return guess_tfrecord(str(path), target, progress)
    file = open_table(kind, str(path))
    image = find_image_column(file) if kind == "csv" else None
    return guess_table(kind, file, target) if image is None else guess_image_table(file, image, target, progress)


def _kind(path: Path) -> str:
    name = path.name.lower()
    kind = next((kind for ending, kind in KINDS.items() if name.endswith(ending)), None)
    if kind is None:
        advice = ADVICE.get(path.suffix.lower(), f"Allowed: {', '.join(KINDS)}, or a folder of images.")
        raise DataError(f"{path}: a spec cannot be written from a file with this ending. {advice}")
    return kind
