"""What a saved model takes, read from its file without Keras, so that wrong inputs are refused within a second."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from dnnctl.store.archive import ArchiveError, check_archive
from dnnctl.store.files import open_to_read

CONFIG = "config.json"


@dataclass(frozen=True)
class ModelInput:
    """The input of a model."""

    columns: tuple[str, ...] = ()
    """The raw columns, if it takes those of a table."""
    shape: tuple[int, ...] = ()
    """Otherwise the shape of one example."""
    dtype: str = ""


def read_model_input(path: Path) -> ModelInput | None:
    """The input of the model in a .keras file; None if the file does not show it, for example because it is damaged."""
    try:
        check_archive(path)
        with open_to_read(path) as file, ZipFile(file) as archive:
            return _input_of(json.loads(archive.read(CONFIG))["config"])
    except (ArchiveError, BadZipFile, OSError, ValueError, LookupError, TypeError, RecursionError, NotImplementedError):
        return None


def _input_of(config: Any) -> ModelInput | None:
    names = config["input_layers"]
    if isinstance(names, dict):
        return ModelInput(tuple(map(str, names)))
    layers = [each["config"] for each in config["layers"] if each["class_name"] == "InputLayer"]
    if len(layers) != 1:
        return None
    shape = layers[0]["batch_shape"][1:]
    return ModelInput((), tuple(map(int, shape)), str(layers[0]["dtype"]))
