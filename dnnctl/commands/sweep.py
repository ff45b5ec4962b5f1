"""`sweep`: many trials of a spec. A trial is a run; the runs are the only record of the sweep."""

from __future__ import annotations

from pathlib import Path

from dnnctl.commands.budget import check_settled
from dnnctl.commands.sweep_result import SweepResult
from dnnctl.commands.sweep_session import SweepSession
from dnnctl.errors import RunError
from dnnctl.events.sweep_event import SweepReport, ignore
from dnnctl.specs.reading.load_sweep import LoadedSweep, Setting, load_sweep
from dnnctl.store.catalog import Notify, keep_silent, runs_directory
from dnnctl.store.file_system import lock_warning
from dnnctl.store.lock import hold_sweep


def planned_trials(loaded: LoadedSweep) -> list[Setting]:
    """The settings of a sweep that are known before its first trial, all of them checked.

    Raises:
        UserError: one of them makes no valid spec.
    """
    from dnnctl.search.proposals import Search

    check_settled(loaded.base, "a sweep")
    return Search.of(loaded).known_settings()


def sweep(
    source: LoadedSweep | str | Path,
    *,
    runs_dir: str | Path | None = None,
    report: SweepReport = ignore,
    notify: Notify = keep_silent,
) -> SweepResult:
    """Train the trials of a sweep that are not over yet, confirm the best, and return all of them.

    Args:
        source: a sweep, or the path of its file.
        runs_dir: where runs are kept; by default DNNCTL_RUNS_DIR, or `runs`.
        report: called with each event as it happens.
        notify: called with sentences for the user.

    Raises:
        UserError: the sweep, the data or the device cannot be used, or another process runs it.
        InterruptedRunError: a signal stopped it. All trials can be continued.
    """
    from dnnctl.search.proposals import Search

    loaded = source if isinstance(source, LoadedSweep) else load_sweep(source)
    check_settled(loaded.base, "a sweep")
    directory = runs_directory(runs_dir)
    search = Search.of(loaded)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"Cannot create runs in {directory}: {error.strerror}. Choose another --runs-dir.") from None
    if warning := lock_warning(directory):
        notify(warning)
    name = loaded.sweep.name
    with hold_sweep(directory / f".sweep-{name}.lock", name, notify) as lock:
        session = SweepSession(search, directory, report, notify)
        session.open()
        return session.run(lock)
