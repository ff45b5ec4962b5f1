"""The trials of a sweep, found by the names of their runs. There is no other record of a sweep."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.store.catalog import list_folders
from dnnctl.store.facts import TrialFacts
from dnnctl.store.lock import is_held
from dnnctl.store.metrics import finite
from dnnctl.store.record import RunRecord, Status
from dnnctl.text import nearest

NAME = re.compile(r"(?P<sweep>.+)-(?P<number>\d{4,})(-confirm-(?P<confirms>\d+))?")


class TrialState(StrEnum):
    """The state of a trial."""

    FINISHED = "finished"
    STOPPED = "stopped"
    """By the sweep, before its last epoch."""
    DIVERGED = "diverged"
    FAILED = "failed"
    RUNNING = "running"
    UNFINISHED = "unfinished"

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to train."""
        return self not in (TrialState.RUNNING, TrialState.UNFINISHED)


STATES = {
    Status.FINISHED: TrialState.FINISHED,
    Status.STOPPED_EARLY: TrialState.FINISHED,
    Status.DIVERGED: TrialState.DIVERGED,
    Status.FAILED: TrialState.FAILED,
    Status.RUNNING: TrialState.RUNNING,
}


@dataclass(frozen=True)
class Trial:
    """A trial of a sweep: a run, and what run.json records about the sweep."""

    run: RunRecord
    facts: TrialFacts

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.facts.number

    @cached_property
    def state(self) -> TrialState:
        """Its state, from the status of the run."""
        state = STATES.get(self.run.status, TrialState.UNFINISHED)
        return TrialState.STOPPED if state is TrialState.FINISHED and self.facts.stopped is not None else state

    def value(self, metric: str) -> float | None:
        """Its score at the best epoch by a metric, `parameters` or `training_seconds`; None if there is none."""
        if metric == "parameters":
            return finite(self.run.facts.parameters)
        if metric == "training_seconds":
            return finite(self.run.summary.training_seconds) if self.run.summary else None
        return finite(self.run.best.get(metric))

    def curve(self, metric: str) -> dict[int, float]:
        """The metric after each epoch in which it was measured."""
        found = {row["epoch"]: finite(row.get(metric)) for row in self.run.rows}
        return {epoch: value for epoch, value in found.items() if value is not None}


def trial_name(sweep: str, number: int, confirms: int | None = None) -> str:
    """The name of a trial's run."""
    return f"{sweep}-{number:04d}" + ("" if confirms is None else f"-confirm-{confirms}")


def sweep_names(directory: Path) -> list[str]:
    """The names of the sweeps in a directory, newest first, as far as the names of runs show."""
    found = (NAME.fullmatch(run.first_name) for run in reversed(list_folders(directory)))
    return list(dict.fromkeys(match["sweep"] for match in found if match))


def read_trials(directory: Path, sweep: str, known: Mapping[Path, Trial] | None = None) -> list[Trial]:
    """The trials and the confirming runs of a sweep, by their numbers.

    Args:
        known: trials that have not changed, by their folders; they are not read again.
    """
    known = known or {}
    runs = [run for run in list_folders(directory) if _belongs(run, sweep) and run.folder.run.is_file()]
    trials = [known.get(run.path) or _read(run) for run in runs]
    return sorted(
        (trial for trial in trials if trial is not None and trial.facts.sweep == sweep),
        key=lambda trial: (trial.facts.confirms is not None, trial.number, trial.facts.confirms or 0, trial.run.id),
    )


def _read(run: RunRecord) -> Trial | None:
    """The trial that a run is, with the facts of this moment: the status is read first, because it is final if it is
    that of a trial that is over.
    """
    run.status  # noqa: B018 (it is kept)
    return None if run.facts.trial is None else Trial(run, run.facts.trial)


def load_trials(reference: str, directory: Path) -> list[Trial]:
    """The trials of the sweep with this name.

    Raises:
        RunError: there is no such sweep.
    """
    found = read_trials(directory, reference)
    if not found:
        names = sweep_names(directory)
        near = nearest(reference, names)
        hint = f" Did you mean {near}?" if near else f" Sweeps: {', '.join(names[:8])}." if names else ""
        raise RunError(f"There is no sweep '{reference}' in {directory}.{hint}")
    return found


def own_trials(trials: Iterable[Trial]) -> list[Trial]:
    """Without the runs that confirm others."""
    return [trial for trial in trials if trial.facts.confirms is None]


def confirming_runs(trials: Iterable[Trial]) -> list[Trial]:
    """The runs that confirm a trial with a fresh seed."""
    return [trial for trial in trials if trial.facts.confirms is not None]


def started_folders(directory: Path, sweep: str) -> list[RunRecord]:
    """The folders of trials that a process was killed in before it wrote what they are."""
    found = [run for run in list_folders(directory) if _belongs(run, sweep)]
    return [run for run in found if not run.folder.run.exists() and not is_held(run.folder.lock)]


def number_ranges(numbers: Sequence[int]) -> str:
    """Whole numbers in words: `1-4, 6`."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def _belongs(run: RunRecord, sweep: str) -> bool:
    match = NAME.fullmatch(run.first_name) if run.id.startswith(sweep, LENGTH_OF_PREFIX) else None
    return match is not None and match["sweep"] == sweep


LENGTH_OF_PREFIX = len("YYYYMMDD-HHMMSS-")
