"""`join`: a worker of a sweep that another process runs, often on another machine with the same runs directory."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from dnnctl.commands.workers.sweep_folder import POLL, Desk, Session, find_session
from dnnctl.commands.workers.trial_worker import train_all
from dnnctl.store.catalog import Notify, keep_silent, runs_directory


def join(
    sweep: str,
    *,
    runs_dir: str | Path | None = None,
    threads: int | None = None,
    session: str = "",
    worker: str = "",
    notify: Notify = keep_silent,
) -> None:
    """Train trials of a sweep until it is over.

    Args:
        threads: the number of threads; by default that of the cores.
        session: the id of the process that runs the sweep, if no other one will do.
        worker: the name of the worker; by default made of the host and the process id.
        notify: called with sentences for the user.

    Raises:
        RunError: no process runs the sweep, as far as this machine sees.
    """
    directory = runs_directory(runs_dir).absolute()
    found = find_session(directory, sweep, session)
    host = os.uname().nodename
    n_threads = threads or len(os.sched_getaffinity(0))
    with found.enter(worker or f"{host}-{os.getpid()}") as desk:
        desk.report({"event": "joined", "host": host, "threads": n_threads})
        notify(f"joined {sweep} as {desk.path.name}; Ctrl-C saves the trial and leaves")
        listener = _Listener(found, desk, directory, notify)
        Thread(target=listener.listen, name="orders", daemon=True).start()
        train_all(listener.runs(), listener.report, n_threads)
    notify(f"left {sweep}")


@dataclass
class _Listener:
    """Does what the sweep orders, in a thread beside the training."""

    session: Session
    desk: Desk
    directory: Path
    notify: Notify
    is_busy: bool = False
    """Whether there is a run to train. A signal would end an idle worker, which ends by itself."""
    _runs: SimpleQueue[Path | None] = field(default_factory=SimpleQueue)
    _end: Callable[[], None] = field(default_factory=lambda: _save_and_end)

    def runs(self) -> Iterator[Path]:
        """The runs to train."""
        while (run := self._runs.get()) is not None:
            self.notify(f"training {run.name}")
            yield run

    def report(self, content: dict[str, Any]) -> None:
        """Pass on what happens to a run."""
        if content["event"] == "released":
            self.is_busy = False
        self.desk.report(content)

    def listen(self) -> None:
        """Follow the orders until the last one. Without the process that gives them, or the folder, that is to stop."""
        with suppress(OSError):
            while self.session.is_alive:
                for order in self.desk.orders.new():
                    if self._follow(order):
                        return
                time.sleep(POLL)
        self._stop()

    def _follow(self, order: dict[str, Any]) -> bool:
        """Do what an order says, and return whether it is the last one."""
        if order["order"] == "train":
            self.is_busy = True
            self._runs.put(self.directory / Path(order["run"]).name)
        elif order["order"] == "stop":
            self._stop()
        else:
            self._runs.put(None)
        return bool(order["order"] == "end")

    def _stop(self) -> None:
        self._runs.put(None)
        if self.is_busy:
            self._end()


def _save_and_end() -> None:
    """What this signal means to a training, also in a job that was started with SIGINT and SIGHUP ignored."""
    os.kill(os.getpid(), signal.SIGTERM)
