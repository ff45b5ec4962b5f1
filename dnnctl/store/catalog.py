"""The runs of a directory: listing them, and finding the one that a user means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.store.folder import RunFolder
from dnnctl.store.record import RunRecord

LAST = "last"
LENGTH_OF_TIME = len("YYYYMMDD-HHMMSS")
DEFAULT_DIRECTORY = "runs"
DIRECTORY_VARIABLE = "DNNCTL_RUNS_DIR"


def runs_directory(given: str | Path | None = None) -> Path:
    """Where runs are kept: as given, or as DNNCTL_RUNS_DIR says, or `runs`."""
    return Path(given or os.environ.get(DIRECTORY_VARIABLE) or DEFAULT_DIRECTORY)


def list_runs(directory: Path) -> list[RunRecord]:
    """Every run of a directory, the oldest first."""
    runs = [RunRecord(folder) for folder in _folders(directory) if folder.run.is_file()]
    seconds = groupby(runs, key=lambda run: run.id[:LENGTH_OF_TIME])
    return [run for _, same_second in seconds for run in _in_order(list(same_second))]


def foreign_folders(directory: Path) -> list[str]:
    """The folders in a runs directory that are no runs."""
    return [folder.id for folder in _folders(directory) if not folder.run.is_file()]


def _folders(directory: Path) -> list[RunFolder]:
    """The folders of a directory by name, without hidden ones and links, which may lead out of it."""
    try:
        names = [
            entry.name
            for entry in os.scandir(directory)
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
        ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [RunFolder(directory / name) for name in sorted(names)]


def _in_order(runs: list[RunRecord]) -> list[RunRecord]:
    """Runs of the same second, whose ids do not tell which came first."""
    return runs if len(runs) == 1 else sorted(runs, key=lambda run: run.created)


def find_run(reference: str, directory: Path) -> RunRecord:
    """The run that an id, a unique prefix of one, a name (its newest run) or `last` means.

    Raises:
        RunError: there is none, or a prefix fits several.
    """
    runs = list_runs(directory)
    if not runs:
        raise RunError(f"There are no runs in {directory}. `dnnctl train SPEC` makes one; --runs-dir looks elsewhere.")
    if reference == LAST:
        return runs[-1]
    exact = [run for run in runs if run.id == reference]
    named = [run for run in runs if run.name == reference]
    if exact or named:
        return (exact or named)[-1]
    prefixed = [run for run in runs if run.id.startswith(reference)]
    if len(prefixed) == 1:
        return prefixed[0]
    if prefixed:
        listed = ", ".join(run.id for run in prefixed[-5:])
        raise RunError(f"'{reference}' is the beginning of {len(prefixed)} runs ({listed}). Write more of the id.")
    near = get_close_matches(reference, {run.name for run in runs} | {run.id for run in runs}, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise RunError(f"No run '{reference}' in {directory}.{hint} `dnnctl list` shows them all.")


def load_runs(references: Sequence[str | Path], runs_dir: str | Path | None = None) -> list[RunRecord]:
    """Several runs, each named as for `load_run`; one that is named twice is there once.

    Raises:
        RunError: there is no such run.
    """
    found = [load_run(reference, runs_dir) for reference in references]
    return list({run.path.resolve(): run for run in found}.values())


def load_run(reference: str | Path, runs_dir: str | Path | None = None) -> RunRecord:
    """A run by its folder's path, or by anything that `find_run` takes.

    Raises:
        RunError: there is no such run.
    """
    folder = RunFolder(Path(reference))
    if folder.run.is_file():
        if folder.path.is_symlink():
            raise RunError(f"{reference} is a link. Name the folder that it leads to: {folder.path.resolve()}")
        return RunRecord(folder)
    return find_run(str(reference), runs_directory(runs_dir))


def runs(runs_dir: str | Path | None = None) -> list[RunRecord]:
    """Every run, the oldest first; without `runs_dir` those where DNNCTL_RUNS_DIR says, or in `runs`."""
    return list_runs(runs_directory(runs_dir))
