"""Arrays from a NumPy file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dnnctl.data.arrays import check_form, check_lengths, check_values, encode_targets, to_inputs
from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Array, Part, RawData
from dnnctl.errors import DataError, shorten
from dnnctl.specs.source import Npz

ZIP_START = b"PK"
NPY_START = b"\x93NUMPY"


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
    splits = ("train", "test") if "test_inputs" in arrays else ("train",)
    for split in splits:
        check_form(arrays[f"{split}_inputs"], names[f"{split}_inputs"])
        check_values(arrays[f"{split}_inputs"], names[f"{split}_inputs"])
    targets = encode_targets({split: arrays[f"{split}_targets"] for split in splits}, source.task)
    inputs = {split: to_inputs(arrays[f"{split}_inputs"]) for split in splits}
    check_lengths(inputs, targets.splits, source.path)
    parts = {split: Part(inputs[split], targets.splits[split]) for split in splits}
    return RawData(parts["train"], parts.get("test"), targets.task, targets.class_names)


def _read(path: Path, names: dict[str, str]) -> dict[str, Array]:
    try:
        with path.open("rb") as stream:
            start = stream.read(len(NPY_START))
            if not start.startswith(ZIP_START):
                raise DataError(_foreign(path, start))
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as file:
                found = {role: file[name] for role, name in names.items() if name in file.files}
                listed = ", ".join(file.files)
    except FileNotFoundError:
        rule = "The path is relative to the spec that contains it; with --set, to the working directory."
        raise DataError(f"{path}: no such file. Fix `data.source.path`. {rule}") from None
    except DataError:
        raise
    except MemoryError:
        raise DataError(f"{path} does not fit into memory. Save each array with np.save, and use `npy`.") from None
    except Exception as error:  # damaged archives raise almost anything
        objects = "an array contains Python objects: save it with .astype(str) or as numbers"
        reason = objects if "Object arrays" in str(error) else f"it is damaged: {shorten(str(error), 100)}"
        raise DataError(f"{path} cannot be read ({reason}).") from None
    if "train_inputs" not in found:
        raise DataError(f"{_missing(str(path), 'train_inputs', names['train_inputs'])} The file contains: {listed}.")
    return found


def _foreign(path: Path, start: bytes) -> str:
    if start == NPY_START:
        return f"{path} contains one array without a name. Save named arrays with np.savez, or use `npy`."
    return f"{path} is {'not a NumPy .npz file' if start else 'empty'}. Save named arrays with np.savez."


def _missing(path: str, role: str, name: str) -> str:
    return f"{path} has no array '{name}'. Set `data.source.{role}` to the name of the array."
