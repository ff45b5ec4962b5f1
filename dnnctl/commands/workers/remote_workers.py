"""Workers on other machines, which get their runs through the folder of the sweep."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join
from typing import Any, Protocol, Self

from dnnctl.commands.workers.sweep_folder import POLL, Desk, Session, open_session
from dnnctl.commands.workers.workers import Job, Message
from dnnctl.errors import RunError
from dnnctl.store.catalog import Notify

JOIN = ("-m", "dnnctl", "join")
"""How Python starts a worker."""
MAX_FAILURES = 3
"""A sweep ends if this many workers end before one of them joins it."""
SHOWN = 12
"""The lines of a worker's output that an error shows."""


class Launcher(Protocol):
    """Starts workers somewhere. A worker is the command `dnnctl join`."""

    @property
    def n(self) -> int:
        """The number of workers to keep; 0 if it starts none."""

    @property
    def threads(self) -> int:
        """The number of threads of each."""

    def open(self, call: Call) -> None:
        """Prepare to start workers; called once, before the first one."""

    def start(self, n: int) -> list[str]:
        """Start workers, and return their names."""

    def present(self) -> set[str]:
        """The names of the workers that are waiting to start, or have not ended."""

    def trouble(self, name: str) -> str:
        """What is known about a worker that ended before it joined the sweep."""

    def close(self) -> None:
        """End the workers that are left."""


@dataclass(frozen=True)
class Call:
    """What a launcher needs to know to start workers."""

    directory: Path
    """The runs directory."""
    sweep: str
    session: Session
    notify: Notify

    def arguments(self, worker: str, threads: int) -> list[str]:
        """The arguments of Python that start a worker."""
        words = [self.sweep, "--runs-dir", str(self.directory.absolute()), "--session", self.session.id]
        return [*JOIN, *words, "--worker", worker, "--threads", str(threads)]


@dataclass
class ByHand:
    """Starts no workers: people do."""

    n: int = 0
    threads: int = 0
    _is_announced: bool = False

    def open(self, call: Call) -> None:
        self._call = call

    def start(self, _n: int) -> list[str]:
        return []

    def present(self) -> set[str]:
        """None is known before it joins. The first time, say how that is done."""
        if not self._is_announced:
            self._is_announced = True
            command = join(["dnnctl", "join", self._call.sweep, "--runs-dir", str(self._call.directory.absolute())])
            self._call.notify(f"waiting for workers. On each machine:  {command}")
        return set()

    def trouble(self, _name: str) -> str:
        return ""

    def close(self) -> None:
        pass


@dataclass
class _Remote:
    """A worker that has joined the sweep."""

    desk: Desk
    run: Path | None = None
    """The run that it trains."""
    is_ending: bool = False
    """Whether it takes no other run."""


@dataclass
class RemoteWorkers:
    """Workers that a launcher starts, and those that join by hand.

    The first run is accepted before there is a worker, so that none is started if nothing is left to train.
    """

    launcher: Launcher
    job: Job
    _workers: dict[str, _Remote] = field(default_factory=dict)
    _met: set[str] = field(default_factory=set)
    """The names of all workers that have joined, also of those that have ended."""
    _waiting: list[Path] = field(default_factory=list)
    """A run that waits for the first worker."""
    _started: set[str] = field(default_factory=set)
    """Workers that the launcher has started, and that have not joined yet."""
    _n_failures: int = 0
    """How many of them have ended since the last one has joined."""
    _is_open: bool = False
    _is_stopping: bool = False
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def n(self) -> int:
        """The number of workers; 0 if they join by hand."""
        return self.launcher.n

    @property
    def threads(self) -> int:
        """The number of threads of each."""
        return self.launcher.threads

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._session = stack.enter_context(open_session(self.job.directory, self.job.name))
            stack.callback(self.launcher.close)
            if self.job.n_runs:  # a cluster that cannot be reached is reported before the first trial
                self._open()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        with self._stack:
            if failure[0] is not None and not self._is_stopping:
                self.stop(signal.SIGTERM)
            for worker in self._workers.values():
                worker.desk.order(order="end")
            while any(worker.desk.is_alive for worker in self._workers.values()):
                time.sleep(POLL)

    def n_idle(self) -> int:
        """The number of workers that can take a run. As long as there is none, one is imagined."""
        present = [worker for worker in self._workers.values() if not worker.is_ending]
        n_idle = sum(worker.run is None for worker in present) if present else 1
        return max(n_idle - len(self._waiting), 0)

    def train(self, run: Path) -> None:
        """Give a run to an idle worker, or to the first one that comes."""
        worker = next((each for each in self._workers.values() if each.run is None and not each.is_ending), None)
        if worker is None:
            self._waiting.append(run)
        else:
            self._give(worker, run)

    def wait(self) -> list[Message]:
        """Wait until a worker reports something, or joins."""
        while True:
            if self._is_stopping:
                return self._given_up() or self._reports() or self._pause()
            has_come = self._welcome()
            messages = self._reports()
            if messages or has_come:
                return messages
            self._launch()
            time.sleep(POLL)

    def stop(self, _number: int) -> None:
        """Stop all workers: the first time they save and end, the second time they end at once."""
        self._is_stopping = True
        for worker in self._workers.values():
            worker.desk.order(order="stop")

    def _give(self, worker: _Remote, run: Path) -> None:
        worker.run = run
        worker.desk.order(order="train", run=run.name)

    def _welcome(self) -> bool:
        """Meet the workers that have come, and return whether there are any."""
        new = {desk.path.name: desk for desk in self._session.desks() if desk.path.name not in self._met}
        joined = [(name, desk, found[0]) for name, desk in new.items() if (found := desk.reports.new())]
        for name, desk, hello in joined:
            self.job.notify(f"worker {name} has joined on {hello['host']} (threads: {hello['threads']})")
            self._workers[name] = _Remote(desk)
            self._met.add(name)
            self._started.discard(name)
            self._n_failures = 0
            if self._waiting:
                self._give(self._workers[name], self._waiting.pop())
        return bool(joined)

    def _reports(self) -> list[Message]:
        """What the workers report, and which of them have died."""
        found: list[Message] = []
        for name, worker in list(self._workers.items()):
            is_alive = worker.desk.is_alive  # before its last report is read
            found += self._read(worker, worker.desk.reports.new())
            if not is_alive:
                del self._workers[name]
                found += [] if worker.run is None else [Message(worker.run, {"event": "lost", "code": None})]
        return found

    def _read(self, worker: _Remote, reports: Sequence[dict[str, Any]]) -> list[Message]:
        found = []
        for content in reports:
            assert worker.run is not None, "only a worker that has a run reports something"
            found.append(Message(worker.run, content))
            if content["event"] == "released":
                worker.run, worker.is_ending = None, content["is_last"]
        return found

    def _given_up(self) -> list[Message]:
        """The run that no worker has come for."""
        waiting, self._waiting = self._waiting, []
        return [Message(run, {"event": "lost", "code": None}) for run in waiting]

    def _pause(self) -> list[Message]:
        time.sleep(POLL)
        return []

    def _launch(self) -> None:
        """Start the workers that are missing, unless one has nothing to do.

        Raises:
            RunError: they end before they join.
        """
        if any(worker.run is None and not worker.is_ending for worker in self._workers.values()):
            return
        self._open()
        present = self.launcher.present()
        for name in sorted(self._started - present):
            self._fail(name)
        if not self._is_stopping and len(present) < self.n:
            self._started |= set(self.launcher.start(self.n - len(present)))

    def _open(self) -> None:
        if not self._is_open:
            self._is_open = True
            self.launcher.open(Call(self.job.directory, self.job.name, self._session, self.job.notify))

    def _fail(self, name: str) -> None:
        """Forget a worker that has ended, unless it has joined in the last moment."""
        self._started.discard(name)
        if any(desk.path.name == name and desk.reports.path.exists() for desk in self._session.desks()):
            return
        self._n_failures += 1
        if self._n_failures >= min(MAX_FAILURES, self.n):
            lines = self.launcher.trouble(name).strip().splitlines()[-SHOWN:]
            raise RunError("\n".join([f"The worker {name} ended before it could join the sweep:", *lines]))
