"""Where the trials of a sweep are trained. A kind of workers is a class with the methods of `Workers`."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from dnnctl.commands.parent import tied_to_this_process
from dnnctl.specs.workers import Processes, Ray, SharedFolder, Slurm, Workplace
from dnnctl.store.catalog import Notify, keep_silent

MAX_PROCESSES = 8
GPU = Path("/dev/nvidia0")
CHUNK = 1 << 16
WORKER = (sys.executable, "-m", "dnnctl.commands.workers.trial_worker")
"""The command of a worker, without the number of its threads."""


@dataclass(frozen=True)
class Message:
    """Something that a worker reports about the run that it trains."""

    run: Path
    """The folder of the run."""
    content: dict[str, Any]
    """An event; the last one of a run is `released`, or `lost` if the worker has died."""


class Workers(Protocol):
    """Trains runs, one on each worker."""

    @property
    def n(self) -> int:
        """The number of workers; 0 if it is not known yet."""

    @property
    def threads(self) -> int:
        """The number of threads of each."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def n_idle(self) -> int:
        """The number of workers that can take a run."""

    def train(self, run: Path) -> None:
        """Give a run to an idle worker."""

    def wait(self) -> list[Message]:
        """Wait until a worker reports something."""

    def stop(self, number: int) -> None:
        """Send a signal to all workers: the first one makes them save and end."""


@dataclass
class _Process:
    """A worker process."""

    popen: subprocess.Popen[bytes]
    run: Path | None = None
    """The run that it trains."""
    is_ending: bool = False
    """Whether it takes no other run."""
    unread: bytes = b""
    """The start of a line."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a run."""
        return self.run is None and not self.is_ending

    def lines(self) -> list[bytes] | None:
        """The lines that have come; None at the end of its output."""
        assert self.popen.stdout is not None
        chunk = os.read(self.popen.stdout.fileno(), CHUNK)
        *lines, self.unread = (self.unread + chunk).split(b"\n")
        return lines if chunk else None


@dataclass
class ProcessWorkers:
    """Processes on this machine, which are started when they are needed and replaced when they die.

    Args:
        lock: a file that all processes keep open, so that it is locked until the last one has ended.
    """

    n: int
    threads: int
    lock: int | None
    _processes: list[_Process] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if failure[0] is not None:
            self.stop(signal.SIGTERM)
        for process in self._processes:
            assert process.popen.stdin is not None
            process.popen.stdin.close()  # it ends when it has no more runs to train
        for process in list(self._processes):
            process.popen.wait()
            self._forget(process)
        self._selector.close()

    def n_idle(self) -> int:
        """The number of workers that can take a run, also of those that are not started yet."""
        return self.n - sum(process.run is not None for process in self._processes)

    def train(self, run: Path) -> None:
        """Give a run to an idle worker."""
        process = next((each for each in self._processes if each.is_idle), None) or self._start()
        process.run = run
        assert process.popen.stdin is not None
        with suppress(BrokenPipeError):  # it has died; `wait` finds out
            process.popen.stdin.write(f"{run}\n".encode())
            process.popen.stdin.flush()

    def wait(self) -> list[Message]:
        """Wait until a worker reports something."""
        found: list[Message] = []
        for key, _ in self._selector.select():
            process: _Process = key.data
            lines = process.lines()
            if lines is None:
                found += self._lost(process)
            else:
                found += self._read(process, lines)
        return found

    def stop(self, number: int) -> None:
        """Send a signal to all workers: the first one makes them save and end."""
        for process in self._processes:
            process.popen.send_signal(number)

    def _read(self, process: _Process, lines: list[bytes]) -> list[Message]:
        found = []
        for line in lines:
            assert process.run is not None, "only a worker that has a run reports something"
            found.append(Message(process.run, json.loads(line)))
            if found[-1].content["event"] == "released":
                process.run, process.is_ending = None, found[-1].content["is_last"]
        return found

    def _lost(self, process: _Process) -> list[Message]:
        code = process.popen.wait()
        self._forget(process)
        return [] if process.run is None else [Message(process.run, {"event": "lost", "code": code})]

    def _start(self) -> _Process:
        command = [*WORKER, str(self.threads)]
        tied = tied_to_this_process()
        if self.lock is not None:
            tied["pass_fds"] = (*tied["pass_fds"], self.lock)
        popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, bufsize=0, **tied
        )
        process = _Process(popen)
        self._processes.append(process)
        self._selector.register(popen.stdout, selectors.EVENT_READ, process)  # type: ignore[arg-type]
        return process

    def _forget(self, process: _Process) -> None:
        assert process.popen.stdin is not None
        assert process.popen.stdout is not None
        self._selector.unregister(process.popen.stdout)
        self._processes.remove(process)
        process.popen.stdin.close()
        process.popen.stdout.close()


@dataclass(frozen=True)
class Job:
    """What workers are needed for."""

    directory: Path
    """The runs directory."""
    name: str = ""
    """The name of the sweep, if it is one."""
    n_runs: int = 1
    """The number of runs that are left to train."""
    lock: int | None = None
    """A file that all processes on this machine keep open."""
    notify: Notify = keep_silent


def start_workers(choice: Workplace, job: Job) -> Workers:
    """The workers that a sweep asks for. None is started before the first run.

    Raises:
        UserError: what starts them is not installed.
    """
    return WORKERS[type(choice)](choice, job)


def _processes(choice: Processes, job: Job) -> Workers:
    cores = len(os.sched_getaffinity(0))
    wanted = (1 if GPU.exists() else min(cores, MAX_PROCESSES)) if choice.n == "auto" else choice.n
    threads = max(cores // wanted, 1) if choice.threads == "auto" else choice.threads
    return ProcessWorkers(max(min(wanted, job.n_runs), 1), threads, job.lock)


def _ray(choice: Ray, job: Job) -> Workers:
    from dnnctl.commands.workers.ray_launcher import RayLauncher
    from dnnctl.commands.workers.remote_workers import RemoteWorkers

    return RemoteWorkers(RayLauncher.of(choice, job.n_runs), job)


def _slurm(choice: Slurm, job: Job) -> Workers:
    from dnnctl.commands.workers.remote_workers import RemoteWorkers
    from dnnctl.commands.workers.slurm_launcher import SlurmLauncher

    return RemoteWorkers(SlurmLauncher.of(choice, job.n_runs), job)


def _shared_folder(_choice: SharedFolder, job: Job) -> Workers:
    from dnnctl.commands.workers.remote_workers import ByHand, RemoteWorkers

    return RemoteWorkers(ByHand(), job)


WORKERS: dict[type[Any], Callable[[Any, Job], Workers]] = {
    Processes: _processes,
    Ray: _ray,
    Slurm: _slurm,
    SharedFolder: _shared_folder,
}
"""By kind of workers."""
