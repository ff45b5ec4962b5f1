"""Runs in Python: a record of the run, its metrics as a DataFrame, and its model as a Keras model."""

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
        """The metrics, one row for each epoch: a DataFrame if pandas is installed, else a list of dicts."""
        try:
            import pandas as pd  # type: ignore[import-untyped,import-not-found,unused-ignore]
        except ImportError:
            return self.rows
        return pd.DataFrame(self.rows)

    def model(self, weights: Weights = "best") -> Any:
        """The model with these weights. Imports Keras.

        Raises:
            RunError: the run has no model with these weights.
        """
        return load_model(self, weights)


def load_run(reference: str | Path, runs_dir: str | Path | None = None) -> Run:
    """A run by its folder, id, id prefix, name (the newest run with that name) or `last`.

    Raises:
        RunError: there is no such run.
    """
    return Run(catalog.load_run(reference, runs_dir).folder)


def runs(runs_dir: str | Path | None = None) -> Sequence[Run]:
    """Every run, oldest first. The default of `runs_dir` is DNNCTL_RUNS_DIR, or `runs`."""
    return [Run(run.folder) for run in catalog.list_runs(catalog.runs_directory(runs_dir))]


def load_model(run: RunRecord, weights: Weights = "best") -> Any:
    """The model of a run with these weights. Imports Keras.

    Raises:
        RunError: the run has no model with these weights.
    """
    path = model_path(run.folder, weights)
    if not path.is_file():
        raise RunError(_no_model(run, weights))
    import keras

    import dnnctl.layers  # noqa: F401  (registers the layers that Keras lacks)
    from dnnctl.builder.front import any_column_name

    with any_column_name():
        return keras.saving.load_model(path)


def model_path(folder: RunFolder, weights: Weights) -> Path:
    """The file with these weights."""
    return folder.model if weights == "best" else folder.last_model


def _no_model(run: RunRecord, weights: Weights) -> str:
    if weights == "best":
        return f"{run.id} has no model yet: it has not finished its first epoch."
    if run.status.is_complete:
        return f"{run.id} has no last.keras: it was pruned, or trained by a dnnctl version that did not write it."
    return f"{run.id} has no last.keras yet: it is written when training finishes. The run is {run.status}."
