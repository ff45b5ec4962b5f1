"""`dnnctl train --seeds N --folds K --workers W`: the seeds and folds of a spec, several at the same time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from dnnctl.commands.repetitions import Repetitions, planned_repetitions
from dnnctl.commands.requeue import make_runs_directory, newest_run
from dnnctl.commands.train import create_run
from dnnctl.commands.workers.crew import Crew
from dnnctl.commands.workers.workers import Job, start_workers
from dnnctl.errors import DivergedError, DnnctlError, InterruptedRunError, UserError
from dnnctl.specs import LoadedSpec, digest
from dnnctl.specs.workers import Processes
from dnnctl.store.catalog import Notify, keep_silent, runs_directory
from dnnctl.store.lock import hold_sweep
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
    or_resume: bool = False,
    on_event: OnEvent = lambda _repetition, _path, _content: None,
    notify: Notify = keep_silent,
) -> Repetitions:
    """Train what `train_repetitions` trains, in processes that load TensorFlow once. See there for the arguments.

    No new run is started after one that fails, except if it diverges.

    Args:
        or_resume: continue the runs that an earlier process started from the same specs, and leave the finished ones.

    Raises:
        UserError: the spec, the data or the device cannot be used. No run is created. With `or_resume`, another process
            trains these seeds and folds.
        InterruptedRunError: a signal has stopped the workers; each run can be resumed.
    """
    directory = runs_directory(runs_dir)
    planned = planned_repetitions(loaded, path, directory, n_seeds=n_seeds, n_folds=n_folds, notify=notify)
    session = _Session(planned, directory, on_event, or_resume=or_resume)
    choice = Processes.model_construct(kind="processes", n=n_workers, threads="auto")
    with (
        _held(planned, directory, notify) if or_resume else nullcontext(None) as lock,
        start_workers(choice, Job(directory, n_runs=len(planned), lock=lock)) as workers,
        Crew(workers, session.hear) as crew,
    ):
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


def _held(
    planned: Sequence[tuple[Repetition, LoadedSpec]], directory: Path, notify: Notify
) -> AbstractContextManager[int]:
    """The lock of these seeds and folds, which the workers keep, too: see `hold_sweep`."""
    make_runs_directory(directory)
    digests = "".join(digest(loaded.spec) for _, loaded in planned)
    path = directory / f".seeds-{sha256(digests.encode()).hexdigest()[:16]}.lock"
    return hold_sweep(path, planned[0][1].spec.name, notify, what="Training of")


@dataclass
class _Session:
    """The runs of the repetitions."""

    planned: Sequence[tuple[Repetition, LoadedSpec]]
    directory: Path
    on_event: OnEvent
    or_resume: bool = False
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
        self.paths.append(self._found_or_created(self.planned[len(self.paths)][1]))
        return self.paths[-1] if self.paths[-1] not in self.codes else self.following(busy)

    def _found_or_created(self, loaded: LoadedSpec) -> Path:
        """The folder of a run. One that an earlier process has trained to its end gets its exit code at once."""
        found = newest_run(loaded.spec, self.directory) if self.or_resume else None
        if found is None:
            return create_run(loaded, self.directory, keep_silent)
        if found.status.is_complete or found.status is Status.DIVERGED:
            self.codes[found.path] = DivergedError.exit_code if found.status is Status.DIVERGED else 0
        return found.path

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
