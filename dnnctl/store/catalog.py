"""The runs of a directory: listing them, and finding the run that a reference means."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.store.folder import RunFolder
from dnnctl.store.purpose import Wanted
from dnnctl.store.recipe import repetition, repetitions
from dnnctl.store.record import ID, RunRecord
from dnnctl.text import format_count, nearest

Notify = Callable[[str], None]
"""Called with a sentence for the user."""

LAST = "last"
LENGTH_OF_TIME = len("YYYYMMDD-HHMMSS")
MAX_NAMED = 5
"""The maximum number of runs that a sentence names."""
DEFAULT_DIRECTORY = "runs"
DIRECTORY_VARIABLE = "DNNCTL_RUNS_DIR"


def keep_silent(_text: str) -> None:
    """Drop the sentence."""


def runs_directory(given: str | Path | None = None) -> Path:
    """Where runs are kept: the given directory, or DNNCTL_RUNS_DIR, or `runs`."""
    return Path(given or os.environ.get(DIRECTORY_VARIABLE) or DEFAULT_DIRECTORY)


MLFLOW = "mlruns"
"""The folder of a runs directory to which `runtime.log: [mlflow]` writes by default."""


def list_runs(directory: Path) -> list[RunRecord]:
    """Every run of a directory, oldest first."""
    return _oldest_first([RunRecord(folder) for folder in _folders(directory) if folder.run.is_file()])


def list_folders(directory: Path) -> list[RunRecord]:
    """Every folder of a directory, by name, whether or not it is a run. No file is read."""
    return [RunRecord(folder) for folder in _folders(directory)]


def _oldest_first(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """Runs sorted by id; runs of the same second are sorted by their exact creation times."""
    seconds = groupby(runs, key=lambda run: run.id[:LENGTH_OF_TIME])
    return [run for _, same_second in seconds for run in _in_order(list(same_second))]


def foreign_folders(directory: Path) -> list[str]:
    """The folders in a runs directory that are neither runs nor MLflow's."""
    return [folder.id for folder in _folders(directory) if not folder.run.is_file() and folder.id != MLFLOW]


def _folders(directory: Path) -> list[RunFolder]:
    """The folders of a directory, sorted by name, without hidden ones and links, which may point out of it."""
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
    """Runs of the same second by their creation times, which are more exact than their ids."""
    return runs if len(runs) == 1 else sorted(runs, key=lambda run: run.created)


def find_run(reference: str, directory: Path, wanted: Wanted = Wanted.ANY, notify: Notify = keep_silent) -> RunRecord:
    """The run that an id, a unique id prefix, a name or `last` means.

    An id or a prefix always means that run. A name and `last` mean the newest run that serves the purpose, or the
    newest of all if none does.

    Args:
        wanted: what the run is needed for.
        notify: called with a sentence that names the chosen run, if a name or `last` could mean another one.

    Raises:
        RunError: there is no such run, or a prefix is ambiguous.
    """
    runs = list_runs(directory)
    if not runs:
        raise RunError(
            f"There are no runs in {directory}. `dnnctl train SPEC` creates one; --runs-dir chooses another directory."
        )
    if reference == LAST:
        return _newest(runs, "", wanted, notify)
    exact = [run for run in runs if run.id == reference]
    named = [run for run in runs if run.name == reference]
    if exact or named:
        return exact[-1] if exact else _newest(named, reference, wanted, notify)
    prefixed = [run for run in runs if run.id.startswith(reference)]
    if len(prefixed) == 1:
        return prefixed[0]
    if prefixed:
        listed = ", ".join(run.id for run in prefixed[-5:])
        raise RunError(
            f"'{reference}' is ambiguous: it is an id prefix of {len(prefixed)} runs ({listed}). Use a longer prefix."
        )
    near = nearest(reference, [run.name for run in runs] + [run.id for run in runs])
    hint = f" Did you mean {near}?" if near else ""
    raise RunError(f"No run '{reference}' in {directory}.{hint} `dnnctl list` shows all runs.")


def _newest(runs: Sequence[RunRecord], name: str, wanted: Wanted, notify: Notify) -> RunRecord:
    """The newest of the given runs that serves a purpose.

    Args:
        name: the name of all these runs; empty if they are all runs of a directory.
    """
    chosen = next((run for run in reversed(runs) if wanted.serves(run)), None)
    found = f"{len(runs)} runs are named {name}" if name else f"The last run is {runs[-1].id} ({runs[-1].status})"
    if chosen is None:
        if name and len(runs) > 1:
            notify(f"{found}, but there is no {wanted.describe('run')} among them; using the newest, {runs[-1].id}.")
        return runs[-1]
    if (name and len(runs) > 1) or chosen is not runs[-1]:
        notify(f"{found}; using the newest {wanted.describe('run')}, {chosen.id}.")
    return chosen


def distinct(runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs without duplicates."""
    return list({run.path.resolve(): run for run in runs}.values())


def load_run(
    reference: str | Path,
    runs_dir: str | Path | None = None,
    wanted: Wanted = Wanted.ANY,
    notify: Notify = keep_silent,
) -> RunRecord:
    """A run by its folder's path, or by anything that `find_run` takes.

    Raises:
        RunError: there is no such run.
    """
    folder = RunFolder(Path(reference))
    if folder.run.is_file():
        if folder.path.is_symlink():
            raise RunError(f"{reference} is a link. Use the folder that it points to: {folder.path.resolve()}")
        return RunRecord(folder)
    broken = find_folder(reference, runs_directory(runs_dir))
    if broken is not None and not broken.folder.run.is_file():
        raise RunError(
            f"{broken.id} is damaged: its run.json is missing or not a file. To move it to the trash: "
            f"dnnctl remove {broken.path}"
        )
    return find_run(str(reference), runs_directory(runs_dir), wanted, notify)


def load_repetitions(
    reference: str | Path, runs_dir: str | Path | None = None, notify: Notify = keep_silent
) -> list[RunRecord]:
    """The run that a reference means; if several seeds of a recipe have that name, all of these seeds.

    Raises:
        RunError: there is no such run.
    """
    heard: list[str] = []
    run = load_run(reference, runs_dir, Wanted.COMPLETE, heard.append)
    if reference in (LAST, run.id) or run.name != str(reference):
        found = [run]
    else:
        named = namesakes(run)
        found = repetitions(run, named)
        if len(found) > 1:
            heard = [f"{reference} means all {len(found)} runs of its recipe.{_left_out(named, found)}"]
    for text in heard:
        notify(text)
    return found


def _left_out(named: Sequence[RunRecord], found: Sequence[RunRecord]) -> str:
    """A sentence that names the runs that were not chosen; empty if there are none."""
    kept = {run.id for run in found}
    rest = [run for run in named if run.id not in kept]
    if not rest:
        return ""
    listed = ", ".join(f"{run.id} ({repetition(run)}, {run.status})" for run in rest[-MAX_NAMED:])
    more = f"{len(rest) - MAX_NAMED} more and " if len(rest) > MAX_NAMED else ""
    verb = "is" if len(rest) == 1 else "are"
    return f" {format_count(len(rest), 'other run')} of that name {verb} left out: {more}{listed}."


def find_folder(reference: str | Path, directory: Path) -> RunRecord | None:
    """The run whose folder is at a path, or has an id in a directory; run.json may be missing.

    Only folders whose names are run ids are found; links are not.
    """
    for path in (Path(reference), directory / reference):
        if ID.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            return RunRecord(RunFolder(path))
    return None


def namesakes(run: RunRecord) -> list[RunRecord]:
    """The runs in a run's directory that have its name, including itself, oldest first."""
    found = [each for each in map(RunRecord, _folders(run.path.parent)) if each.name == run.name]
    return _oldest_first([each for each in found if each.folder.run.is_file()])


def named(name: str, directory: Path) -> list[RunRecord]:
    """The runs in a directory whose spec has a name, oldest first."""
    found = [each for each in map(RunRecord, _folders(directory)) if each.first_name == name]
    return _oldest_first([each for each in found if each.folder.run.is_file()])


def runs(runs_dir: str | Path | None = None) -> list[RunRecord]:
    """Every run, oldest first; by default those in DNNCTL_RUNS_DIR, or in `runs`."""
    return list_runs(runs_directory(runs_dir))
