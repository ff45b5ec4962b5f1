"""`dnnctl train --seeds N --folds K --workers W`: the seeds and folds of a spec, several at the same time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnnctl.commands.crew import Crew
from dnnctl.commands.repetitions import Repetitions, planned_repetitions
from dnnctl.commands.train import create_run
from dnnctl.commands.workers import Job, start_workers
from dnnctl.errors import DivergedError, DnnctlError, InterruptedRunError, UserError
from dnnctl.specs import LoadedSpec
from dnnctl.specs.workers import Processes
from dnnctl.store.catalog import Notify, keep_silent, runs_directory
from dnnctl.store.recipe import Repetition
from dnnctl.store.record import RunRecord, Status

MAX_DEATHS = 3
"""Training stops if the worker of a run dies this often."""
OnEvent = Callable[[Repetition, Path, Mapping[str, Any]], None]
"""Called with a repetition, the folder of its run, and what happens to it; see `crew.Hear`."""


def train_in_workers(
    loaded: LoadedSpec,
    path: Path,
    runs_dir: Path | None,
    *,
    n_workers: int,
    n_seeds: int = 1,
    n_folds: int = 0,
    on_event: OnEvent = lambda _repetition, _path, _content: None,
    notify: Notify = keep_silent,
) -> Repetitions:
    """Train what `train_repetitions` trains, in processes that load TensorFlow once. See there for the arguments.

    No new run is started after one that fails, except if it diverges.

    Raises:
        UserError: the spec, the data or the device cannot be used. No run is created.
        InterruptedRunError: a signal has stopped the workers; each run can be resumed.
    """
    directory = runs_directory(runs_dir)
    planned = planned_repetitions(loaded, path, directory, n_seeds=n_seeds, n_folds=n_folds, notify=notify)
    session = _Session(planned, directory, on_event)
    choice = Processes.model_construct(kind="processes", n=n_workers, threads="auto")
    job = Job(directory, n_runs=len(planned))
    with start_workers(choice, job) as workers, Crew(workers, session.hear) as crew:
        try:
            crew.train(session.following)
        except InterruptedRunError as error:
            runs = "".join(f"\nnext:  dnnctl resume {run}" for run in session.unfinished())
            raise InterruptedRunError(f"{error}{runs}", error.exit_code - 128) from None
    result = session.result()
    if session.failures and not result.runs:
        raise UserError(session.failures[0])
    for failure in session.failures:
        notify(failure)
    return result


@dataclass
class _Session:
    """The runs of the repetitions."""

    planned: Sequence[tuple[Repetition, LoadedSpec]]
    directory: Path
    on_event: OnEvent
    paths: list[Path] = field(default_factory=list)
    """The folders of those that have started, in order."""
    codes: dict[Path, int] = field(default_factory=dict)
    """The exit codes of those that are over."""
    failures: list[str] = field(default_factory=list)
    """Why runs have failed."""

    def following(self, busy: Collection[Path]) -> Path | None:
        """A run whose worker has died, or the next one; None after a failure."""
        if any(code not in (0, DivergedError.exit_code) for code in self.codes.values()):
            return None
        lost = [path for path in self.paths if path not in busy and path not in self.codes]
        if lost or len(self.paths) == len(self.planned):
            return next(iter(lost), None)
        path = create_run(self.planned[len(self.paths)][1], self.directory, keep_silent)
        self.paths.append(path)
        return path

    def hear(self, path: Path, content: Mapping[str, Any]) -> None:
        """Remember how a run ends."""
        if content["event"] == "released":
            self.codes[path] = content["exit_code"]
            if content["message"] and not content["is_interrupted"]:
                self.failures.append(content["message"])
        if content["event"] == "lost" and content["deaths"] >= MAX_DEATHS:
            self.codes[path] = DnnctlError.exit_code
            self.failures.append(f"{path.name}: its worker died {MAX_DEATHS} times (code {content['code']}).")
        self.on_event(self.planned[self.paths.index(path)][0], path, content)

    def unfinished(self) -> list[str]:
        """The folders of the runs that can be resumed."""
        runs = [RunRecord.at(path) for path in self.paths if path.exists()]
        return [str(run.path) for run in runs if not run.status.is_complete and run.status is not Status.DIVERGED]

    def result(self) -> Repetitions:
        """The runs in the order of their seeds and folds."""
        started = [path for path in self.paths if path in self.codes]
        return Repetitions(
            [RunRecord.at(path) for path in started if path.exists()], [self.codes[path] for path in started]
        )
