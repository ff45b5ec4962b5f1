"""Runs for Python: a record, with its model and its metrics as the libraries that read them know them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from dnnctl.errors import RunError
from dnnctl.store import catalog
from dnnctl.store.folder import RunFolder
from dnnctl.store.record import RunRecord

Weights = Literal["best", "last"]


class Run(RunRecord):
    """A run on disk."""

    @property
    def metrics(self) -> Any:
        """The metrics, a row for each epoch: a DataFrame where pandas is installed, else a list of dicts."""
        try:
            import pandas as pd  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            return self.rows
        return pd.DataFrame(self.rows)

    def model(self, weights: Weights = "best") -> Any:
        """Its weights as a Keras model; loads Keras.

        Raises:
            RunError: it has no model with such weights.
        """
        return load_model(self, weights)


def load_run(reference: str | Path, runs_dir: str | Path | None = None) -> Run:
    """A run by its folder, its id, an id prefix, its name (the newest run with it) or `last`.

    Raises:
        RunError: there is no such run.
    """
    return Run(catalog.load_run(reference, runs_dir).folder)


def runs(runs_dir: str | Path | None = None) -> Sequence[Run]:
    """Every run, the oldest first; without `runs_dir` those in DNNCTL_RUNS_DIR, or in `runs`."""
    return [Run(run.folder) for run in catalog.list_runs(catalog.runs_directory(runs_dir))]


def load_model(run: RunRecord, weights: Weights = "best") -> Any:
    """The weights of a run as a Keras model; loads Keras.

    Raises:
        RunError: it has no model with such weights.
    """
    path = model_path(run.folder, weights)
    if not path.is_file():
        raise RunError(_no_model(run, weights))
    import keras

    import dnnctl.layers  # noqa: F401  (registers the layers that Keras lacks)

    return keras.saving.load_model(path)


def model_path(folder: RunFolder, weights: Weights) -> Path:
    """The file with these weights."""
    return folder.model if weights == "best" else folder.last_model


def _no_model(run: RunRecord, weights: Weights) -> str:
    if weights == "best":
        return f"{run.id} has no model yet: its first epoch is not finished."
    if run.status.is_complete:
        return f"{run.id} has no last.keras: it is from a version of dnnctl that did not keep it."
    return f"{run.id} is {run.status}: last.keras is written when training finishes."
