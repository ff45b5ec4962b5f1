"""Arrays from a NumPy file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from dnnctl.data.arrays import check_form, check_lengths, check_values, encode_targets, to_inputs
from dnnctl.data.cache import Progress
from dnnctl.data.dataset import Array, Part, RawData
from dnnctl.errors import DataError
from dnnctl.specs.source import Npz


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
