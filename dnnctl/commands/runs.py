"""Runs in Python: a record of the run, its metrics as a DataFrame, and its model as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from dnnctl.errors import RunError
from dnnctl.store import catalog
from dnnctl.store.alteration import altered_files, check_unaltered
from dnnctl.store.folder import RunFolder
from dnnctl.store.ownership import check_no_links
from dnnctl.store.record import RunRecord
from dnnctl.store.seal import DELETED

Weights = Literal["best", "last"]
ACCEPT = "To use it as it is, add --accept-altered."


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
            RunError: the run has no model with these weights, was altered since training, or has links to other files.
        """
        return load_model(self, weights)

    def plot(self, metric: str | None = None) -> Any:
        """The curves of the loss, or of a metric, over the epochs: a figure of plotly if it is installed, else text.

        Raises:
            RunError: no epoch has finished, or there is no such metric.
        """
        from dnnctl.commands.plot import plot

        return plot(self, metric)


def load_run(reference: str | Path, runs_dir: str | Path | None = None) -> Run:
    """A run by its folder, id, id prefix, name (the newest run with that name) or `last`.

    Raises:
        RunError: there is no such run.
    """
    return Run(catalog.load_run(reference, runs_dir).folder)


def runs(runs_dir: str | Path | None = None) -> Sequence[Run]:
    """Every run, oldest first. The default of `runs_dir` is DNNCTL_RUNS_DIR, or `runs`."""
    return [Run(run.folder) for run in catalog.list_runs(catalog.runs_directory(runs_dir))]


def load_model(run: RunRecord, weights: Weights = "best", *, accept_altered: bool = False) -> Any:
    """The model of a run with these weights. Imports Keras.

    Args:
        accept_altered: load it even if the run was altered since training.

    Raises:
        RunError: the run has no model with these weights, was altered since training, or has links to other files.
    """
    check_no_links(run.path)
    path = model_path(run.folder, weights)
    if not path.is_file():
        raise RunError(_no_model(run, path, weights))
    if not accept_altered:
        check_unaltered(run, path)
    from dnnctl.builder.keras_file import open_keras

    return open_keras(path)


def find_altered(run: RunRecord, weights: Weights, *, accept: bool) -> tuple[str, ...]:
    """The files of a run that were altered since training, of those that define these weights.

    Raises:
        RunError: there are some, and this is not accepted.
    """
    path = model_path(run.folder, weights)
    if not accept:
        check_unaltered(run, path, fix=ACCEPT)
    return altered_files(run, path)


def model_path(folder: RunFolder, weights: Weights) -> Path:
    """The file with these weights."""
    return folder.model if weights == "best" else folder.last_model


def _no_model(run: RunRecord, path: Path, weights: Weights) -> str:
    if path.exists():
        return f"{run.id} is damaged: {path.name} is not a file."
    if run.change_of(path) == DELETED:
        return f"{run.id} has no {path.name}: it was {DELETED}."
    if weights == "best":
        return f"{run.id} has no model yet: it has not finished its first epoch."
    if run.status.is_complete:
        return f"{run.id} has no last.keras: it was pruned, or trained by a dnnctl version that did not write it."
    return f"{run.id} has no last.keras yet: it is written when training finishes. The run is {run.status}."
