"""The folder through which a sweep and its workers on other machines talk: they share nothing else.

    RUNS/.sweep-NAME/
        batch.sh               what SLURM was asked to run
        20261124-153012-7f3a/  a session: one process that runs the sweep
            .lock              held by that process
            session.json       its version
            WORKER/
                .lock          held by the worker
                orders.jsonl   what the sweep wants it to do
                reports.jsonl  what it does
            WORKER.log         what it prints, if SLURM or Ray started it

Each file has one writer, which only adds lines. Each side knows that the other one is alive because it holds its lock,
which the kernel releases however a process ends. There are no sockets, no clocks and no time-outs.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dnnctl import __version__
from dnnctl.errors import RunError
from dnnctl.store.catalog import Notify
from dnnctl.store.file_system import lock_warning
from dnnctl.store.files import append_json_line, make_directory, open_to_read, read_text, write_json
from dnnctl.store.lock import PATIENCE, hold, is_held

LOCK, SESSION, ORDERS, REPORTS = ".lock", "session.json", "orders.jsonl", "reports.jsonl"
POLL = 0.25
"""The seconds between two looks into the folder, which may be on a server that many workers ask."""


@dataclass
class Lines:
    """The lines of a JSON file that another process writes."""

    path: Path
    _offset: int = 0

    def new(self) -> list[dict[str, Any]]:
        """The complete lines since the last call. Network file systems show them when the file is opened again."""
        try:
            with open_to_read(self.path) as file:
                file.seek(self._offset)
                content = file.read()
        except FileNotFoundError:
            return []
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [json.loads(line) for line in complete.splitlines()]


@dataclass
class Desk:
    """The folder of a worker in a session."""

    path: Path
    orders: Lines = field(init=False)
    reports: Lines = field(init=False)

    def __post_init__(self) -> None:
        self.orders = Lines(self.path / ORDERS)
        self.reports = Lines(self.path / REPORTS)

    @property
    def is_alive(self) -> bool:
        """Whether its worker is."""
        return is_held(self.path / LOCK)

    def order(self, **order: Any) -> None:
        """Tell the worker something."""
        append_json_line(self.path / ORDERS, order)

    def report(self, report: dict[str, Any]) -> None:
        """Tell the sweep something, unless it is over and has removed the folder."""
        with suppress(FileNotFoundError):
            append_json_line(self.path / REPORTS, report)


@dataclass(frozen=True)
class Session:
    """One process that runs a sweep, and its workers elsewhere."""

    path: Path

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.path.name

    @property
    def is_alive(self) -> bool:
        """Whether its process is."""
        return is_held(self.path / LOCK)

    def desks(self) -> list[Desk]:
        """The folders of the workers that have come so far."""
        try:
            with os.scandir(self.path) as entries:
                names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        except FileNotFoundError:
            return []
        return [Desk(self.path / name) for name in names]

    def log_of(self, worker: str) -> Path:
        """What a worker prints."""
        return self.path / f"{worker}.log"

    @contextmanager
    def enter(self, worker: str) -> Iterator[Desk]:
        """Be a worker of this session.

        Raises:
            RunError: another worker has this name, or a process has taken the folder away.
        """
        desk = Desk(self.path / worker)
        try:
            desk.path.mkdir()
        except OSError as error:
            raise RunError(f"The worker {worker} cannot join {self.path}: {error.strerror}.") from None
        with hold(desk.path / LOCK):
            yield desk


def folder_of(directory: Path, sweep: str) -> Path:
    """The folder of a sweep in a runs directory."""
    return directory.absolute() / f".sweep-{sweep}"


@contextmanager
def open_session(directory: Path, sweep: str) -> Iterator[Session]:
    """Be the process that runs a sweep. At the end the folder of the session is removed."""
    folder = folder_of(directory, sweep)
    make_directory(folder)
    session = Session(folder / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.urandom(2).hex()}")
    session.path.mkdir()
    with hold(session.path / LOCK):
        write_json(session.path / SESSION, {"version": __version__})
        try:
            yield session
        finally:
            shutil.rmtree(session.path, ignore_errors=True)
            with suppress(OSError):  # SLURM's script is kept
                folder.rmdir()


def find_session(directory: Path, sweep: str, wanted: str = "") -> Session:
    """The session that runs a sweep now.

    Args:
        wanted: its id, if no other one will do.

    Raises:
        RunError: no process runs the sweep, or it is one of another version.
    """
    folder = folder_of(directory, sweep)
    sessions = [Session(folder / wanted)] if wanted else _sessions(folder)  # a listing may be a minute old
    found = next((each for each in sessions if each.is_alive), None)
    if found is None:
        warning = lock_warning(directory)
        raise RunError(
            f"{os.uname().nodename} sees in {folder} no process that runs the sweep {sweep} with workers elsewhere. "
            f"The runs directory must be one folder that all machines share, on a file system with locks that all of "
            f"them see (as NFS 4 has, and Lustre with the mount option flock). {warning}".rstrip()
        )
    version = json.loads(read_text(found.path / SESSION))["version"]
    if version != __version__:
        raise RunError(f"The sweep is run by dnnctl {version}, and this is {__version__}: install the same version.")
    return found


def end_sessions(directory: Path, sweep: str, notify: Notify) -> None:
    """Remove what killed processes have left, when the last of their workers has saved its run and ended.

    Raises:
        RunError: a worker does not end.
    """
    sessions = _sessions(folder_of(directory, sweep))
    end, is_told = time.monotonic() + PATIENCE, False
    while alive := [desk for session in sessions for desk in session.desks() if desk.is_alive]:
        if not is_told:
            notify("waiting for the workers of an earlier process to save and end …")
            is_told = True
        if time.monotonic() > end:
            raise RunError(f"A worker of an earlier process of {sweep} has not ended: {alive[0].path.name}. End it.")
        time.sleep(POLL)
    for session in sessions:
        shutil.rmtree(session.path, ignore_errors=True)


def _sessions(folder: Path) -> list[Session]:
    try:
        return [Session(path) for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink()]
    except (FileNotFoundError, NotADirectoryError):
        return []
