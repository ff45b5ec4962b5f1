"""The runs that a command works on, given by name or by a condition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from dnnctl.cli.notice import print_notice
from dnnctl.errors import UserError
from dnnctl.store.catalog import (
    distinct,
    find_folder,
    list_folders,
    list_runs,
    load_repetitions,
    load_run,
    runs_directory,
)
from dnnctl.store.filter import parse_filter
from dnnctl.store.record import RunRecord
from dnnctl.store.trials import Trial, confirming_runs, read_trials, sweep_names
from dnnctl.text import format_count

N_BEST = 3
"""The number of trials of a sweep that are compared if none was confirmed."""
Load = Callable[[str, Path | None], Sequence[RunRecord]]
"""The runs that a reference means, for a command."""


def one_run(reference: str, runs_dir: Path | None) -> list[RunRecord]:
    """The newest run that a reference means."""
    return [load_run(reference, runs_dir, notify=print_notice)]


def all_seeds(reference: str, runs_dir: Path | None) -> list[RunRecord]:
    """The run that a reference means, or all seeds of its recipe if it is a name."""
    return load_repetitions(reference, runs_dir, print_notice)


def sweep_of(reference: str, runs_dir: Path | None) -> list[Trial]:
    """The trials of the sweep that a reference means; empty if it means a run."""
    directory = runs_directory(runs_dir)
    if reference not in sweep_names(directory) or any(run.name == reference for run in list_folders(directory)):
        return []
    return read_trials(directory, reference)


def compared_runs(reference: str, runs_dir: Path | None) -> list[RunRecord]:
    """What a reference means in a comparison: also a sweep, of which the confirmed or else the best runs are meant."""
    trials = sweep_of(reference, runs_dir)
    if not trials:
        return all_seeds(reference, runs_dir)
    from dnnctl.commands.sweep_result import read_sweep

    confirming = [trial.run for trial in confirming_runs(trials) if trial.run.status.is_complete]
    if confirming:
        print_notice(f"{reference} is a sweep; comparing its best settings by their runs with fresh seeds.")
        return confirming
    best = [trial.run for trial in read_sweep(trials).ordered()][:N_BEST]
    print_notice(f"{reference} is a sweep; comparing its {len(best)} best trials. Their scores chose them: `confirm`.")
    return best


def one_folder(reference: str, runs_dir: Path | None) -> list[RunRecord]:
    """The newest run that a reference means, or the folder of one that has no run.json."""
    folder = find_folder(reference, runs_directory(runs_dir))
    return [folder] if folder is not None else one_run(reference, runs_dir)


def choose_runs(
    references: Sequence[str] | None, condition: str | None, runs_dir: Path | None, load: Load
) -> list[RunRecord]:
    """The named runs, or the runs in the directory that match a condition; with both, the named runs that match.

    Raises:
        UserError: there are none.
    """
    if references:
        runs = distinct([run for reference in references for run in load(reference, runs_dir)])
    elif condition:
        runs = list_runs(runs_directory(runs_dir))
    else:
        raise UserError("Name at least one run (`dnnctl list` shows all runs), or choose runs with --filter.")
    if condition:
        n_before = len(runs)
        runs = parse_filter(condition).choose(runs)
        if references and runs:
            match = "matches" if len(runs) == 1 else "match"
            print_notice(f"{len(runs)} of the {format_count(n_before, 'named run')} {match} --filter.")
    if not runs:
        raise UserError(f"No run matches --filter '{condition}'.")
    return runs
