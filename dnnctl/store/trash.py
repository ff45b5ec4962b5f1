"""Moves runs to a trash in the runs directory, from which they can be restored until it is emptied."""

from __future__ import annotations

import shutil
from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.store.catalog import find_folder, list_runs, load_run
from dnnctl.store.files import make_directory
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
            make_directory(target.parent)
            run.path.rename(target)
    except OSError as error:
        raise RunError(f"Cannot remove {run.id}: {error.strerror or error}.") from None
    return target


def find_removed(reference: str, directory: Path) -> RunRecord:
    """The run in a directory's trash that an id, an id prefix, a name, a folder or `last` means.

    Raises:
        RunError: there is no such run in the trash.
    """
    trash = trash_of(directory)
    run = find_folder(reference, trash) or load_run(reference, trash)
    _check_removed(run, directory)
    return run


def restore(run: RunRecord, directory: Path) -> Path:
    """Move a run back from the trash; returns its new path.

    Raises:
        RunError: it is not in the trash, there is another run with its id, or it cannot be moved.
    """
    _check_removed(run, directory)
    target = directory / run.id
    if target.exists() or target.is_symlink():
        raise RunError(f"Cannot restore {run.id}: {target} already exists.")
    try:
        with hold(run.folder.lock):
            run.path.rename(target)
    except OSError as error:
        raise RunError(f"Cannot restore {run.id}: {error.strerror or error}.") from None
    return target


def purge(directory: Path) -> list[str]:
    """Delete everything in a directory's trash permanently; returns the ids of its runs.

    Raises:
        RunError: it cannot be deleted.
    """
    trash = trash_of(directory)
    if (trash.exists() or trash.is_symlink()) and (trash.is_symlink() or not trash.is_dir()):
        raise RunError(f"Cannot empty {trash}: it is not a directory. Delete it.")
    removed = list_runs(trash)
    try:
        if trash.exists():
            shutil.rmtree(trash)
    except OSError as error:
        raise RunError(f"Cannot empty {trash}: {error.strerror or error}.") from None
    return [run.id for run in removed]


def _check_removed(run: RunRecord, directory: Path) -> None:
    trash = trash_of(directory)
    if run.path.parent.resolve() != trash.resolve():
        raise RunError(f"Cannot restore {run.path}: it is not in the trash, {trash}.")
