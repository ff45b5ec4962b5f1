"""One process per run: a lock that the kernel releases when the process dies. Every writer of a run holds it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import IO, Any

from dnnctl.errors import RunError
from dnnctl.store.files import open_to_read, open_to_write, read_text
from dnnctl.store.ownership import check_own

CANNOT_LOCK = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""What a file system answers that has no locks."""


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold a run's lock. Only the process that holds it may write into the run's folder.

    Raises:
        RunError: another process holds it, or the run has files that must not be written to.
        OSError: the lock cannot be opened.
    """
    check_own(path.parent)
    with os.fdopen(_open(path), "a+", encoding="utf-8") as file:
        if not _try_for_a_while(file):
            raise RunError(f"{path.parent.name} is being trained by {describe_holder(path)}.")
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        file.flush()
        yield


def is_held(path: Path) -> bool:
    """Whether a live process holds a run's lock."""
    try:
        with open_to_read(path) as file:
            return not _try_lock(file, shared=True)
    except (OSError, RunError):
        return False


def describe_holder(path: Path) -> str:
    """The process that holds a run's lock, in words."""
    try:
        holder = json.loads(read_text(path))
        return f"pid {holder['pid']} on host {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _open(path: Path) -> int:
    try:
        return open_to_write(path)
    except IsADirectoryError:
        raise RunError(
            f"Cannot write to {path.parent}: .lock is a directory, so it cannot show whether a process trains the run. "
            f"If none does, delete it: rm -r {quote(str(path))}"
        ) from None


def _try_for_a_while(file: IO[str]) -> bool:
    """Try several times: reading the status of a run holds its lock briefly."""
    for _ in range(5):
        if _try_lock(file):
            return True
        time.sleep(0.05)
    return False


def _try_lock(file: IO[Any], *, shared: bool = False) -> bool:
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in CANNOT_LOCK:
            raise
        raise RunError(
            f"The file system of the runs has no locks ({error.strerror}), so two processes could train the same run. "
            f"Choose another --runs-dir, or mount the file system with locks (docs/cluster.md names the options)."
        ) from None
    return True


PATIENCE = 60.0
"""The seconds that the processes of a killed sweep get to save their runs and end."""


@contextmanager
def claim(directory: Path) -> Iterator[None]:
    """Only one process of a user at a time looks for a run of a directory, and opens or creates it.

    Raises:
        RunError: another process has held the lock for too long.
        OSError: the lock cannot be opened.
    """
    path = directory / f".claim-{os.geteuid()}.lock"
    end = time.monotonic() + PATIENCE
    with os.fdopen(open_to_write(path), "a+", encoding="utf-8") as file:
        while not _try_lock(file):
            if time.monotonic() > end:
                raise RunError(f"Another process has held {path} for {PATIENCE:.0f} seconds. Try again.")
            time.sleep(0.05)
        yield


@contextmanager
def hold_sweep(path: Path, name: str, notify: Callable[[str], None], *, what: str = "The sweep") -> Iterator[int]:
    """Hold the lock of a sweep; yields its descriptor, for worker processes to keep it until the last one has ended.

    If the process that held it was killed, its workers may still be saving their runs: this waits for them.

    Args:
        what: what has the name, in messages.

    Raises:
        RunError: another process runs the sweep.
        OSError: the lock cannot be opened.
    """
    with os.fdopen(open_to_write(path), "a+", encoding="utf-8") as file:
        if not _try_for_a_while(file):
            if _is_holder_alive(path):
                raise RunError(f"{what} {name} is being run by {describe_holder(path)}.")
            notify("waiting for the workers of an earlier process to save and end …")
            end = time.monotonic() + PATIENCE
            while not _try_lock(file):
                if time.monotonic() > end:
                    raise RunError(f"{what} {name} is being run by workers of {describe_holder(path)}.")
                time.sleep(0.2)
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
        file.flush()
        yield file.fileno()


def _is_holder_alive(path: Path) -> bool:
    """Whether the process that is written in a lock lives, as far as this host can tell."""
    try:
        holder = json.loads(read_text(path))
        if holder["host"] == socket.gethostname():
            os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return True
