"""The only place where .keras files are opened."""

from __future__ import annotations

from pathlib import Path

import keras

import dnnctl.layers  # noqa: F401  (registers the layers that Keras lacks)
from dnnctl.builder.front import any_column_name
from dnnctl.errors import DnnctlError, RunError
from dnnctl.store.archive import ArchiveError, check_archive


def open_keras(path: Path, *, compile: bool = True) -> keras.Model:
    """The model in a .keras file, loaded in safe mode.

    Raises:
        RunError: the file is damaged, unpacks to far more than its size, or contains objects that safe mode rejects.
    """
    try:
        check_archive(path)
        with any_column_name():
            model = keras.saving.load_model(path, compile=compile, safe_mode=True)
    except ArchiveError as error:
        raise RunError(f"{path} is damaged: {error}.") from None
    except DnnctlError:
        raise
    except Exception as error:  # Keras raises whatever the damage leads to
        lines = str(error).strip().splitlines()
        raise RunError(
            f"Keras cannot load {path} in safe mode: {lines[0] if lines else type(error).__name__}"
        ) from None
    if not isinstance(model, keras.Model):
        raise RunError(f"{path} does not contain a model.")
    return model
