"""Which array of a NumPy file is what."""

from __future__ import annotations

import zipfile
from pathlib import Path

from dnnctl.data.guess.guess import Entry, Guess, named, no_such
from dnnctl.data.source import load_source
from dnnctl.errors import DataError
from dnnctl.specs.source import Npz

NAMES = {
    "train_inputs": ("x_train", "train_x", "train_images", "train_inputs", "train_data", "x", "inputs", "images",
                     "data", "features"),
    "train_targets": ("y_train", "train_y", "train_labels", "train_targets", "y", "targets", "labels", "target",
                      "label"),
    "test_inputs": ("x_test", "test_x", "test_images", "test_inputs", "test_data"),
    "test_targets": ("y_test", "test_y", "test_labels", "test_targets"),
}  # fmt: skip
"""The names of each array that are recognized, in lower case."""
COMMENTS = {"train_inputs": "the array of inputs", "train_targets": "the array of targets"}


def guess_npz(path: str, target: str | None) -> Guess:
    """The arrays of a file.

    Args:
        target: the name of the array of training targets; None to guess it.

    Raises:
        DataError: the arrays are not recognized, or cannot be used.
    """
    names = _names(path)
    if target is not None and target not in names:
        raise DataError(no_such("array", target, names, path))
    found = {role: named(names, wanted) for role, wanted in NAMES.items()}
    if target is not None:
        found["train_targets"] = target
    for role in ("train_inputs", "train_targets"):
        if names and found[role] is None:
            raise DataError(
                f"{path} has no array with a name like {', '.join(NAMES[role][:4])}. It contains {', '.join(names)}. "
                "Save it with such names: np.savez(…, x_train=…, y_train=…, x_test=…, y_test=…)."
            )
    if (found["test_inputs"] is None) != (found["test_targets"] is None):
        found["test_inputs"] = found["test_targets"] = "none"
    keys = {role: name for role, name in found.items() if name is not None}
    raw = load_source(Npz.model_validate({"kind": "npz", "path": path, **keys}))
    entries = [Entry(role, name, COMMENTS.get(role, "")) for role, name in keys.items()]
    findings = () if raw.test is not None else ("there is no test split: save x_test and y_test, too",)
    return Guess(tuple(entries), "npz", raw.task, raw.train.input_shape, findings=findings)


def _names(path: str) -> list[str]:
    """The names of the arrays; none if it is not an archive, which the loader then reports."""
    try:
        with zipfile.ZipFile(Path(path)) as file:
            return [name.removesuffix(".npy") for name in file.namelist()]
    except (OSError, zipfile.BadZipFile):
        return []
