"""Moves runs to a trash in the runs directory, from which they can be restored until it is emptied."""

from __future__ import annotations

import shutil
from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.store.catalog import list_runs
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord

TRASH = ".trash"


def trash_of(directory: Path) -> Path:
    """Where the removed runs of a directory are kept."""
    return directory / TRASH


def remove(run: RunRecord) -> Path:
    """Move a run into the trash of its directory; returns its new path.

    Raises:
        RunError: it is being trained, or cannot be moved.
    """
    target = trash_of(run.path.parent) / run.id
    try:
        with hold(run.folder.lock):
            target.parent.mkdir(exist_ok=True)
            run.path.rename(target)
    except OSError as error:
        raise RunError(f"Cannot remove {run.id}: {error.strerror or error}.") from None
    return target


def restore(run: RunRecord, directory: Path) -> Path:
    """Move a run back from the trash; returns its new path.

    Raises:
        RunError: there is another run with its id, or it cannot be moved.
    """
    target = directory / run.id
    if target.exists():
        raise RunError(f"Cannot restore {run.id}: {target} already exists.")
    try:
        run.path.rename(target)
    except OSError as error:
        raise RunError(f"Cannot restore {run.id}: {error.strerror or error}.") from None
    return target


def purge(directory: Path) -> list[str]:
    """Delete everything in a directory's trash permanently; returns the ids of its runs.

    Raises:
        RunError: it cannot be deleted.
    """
    removed = list_runs(trash_of(directory))
    try:
        if trash_of(directory).exists():
            shutil.rmtree(trash_of(directory))
    except OSError as error:
        raise RunError(f"Cannot empty {trash_of(directory)}: {error.strerror or error}.") from None
    return [run.id for run in removed]
