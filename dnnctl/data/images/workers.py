"""Processes that examine image files: Python decodes small images in one thread at a time.

A worker gets the paths of some files and returns what they contain. It ends when this process does, because its
connection is then closed.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from multiprocessing.connection import Connection
from queue import SimpleQueue
from socket import socketpair
from threading import Lock

from dnnctl.data.images.decode import Form
from dnnctl.data.images.examine import Examined, examine

MOST_WORKERS = 8
STARTING = Lock()


class Workers:
    """Some processes, each of which examines the files of one thread at a time."""

    def __init__(self, n: int) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._idle: SimpleQueue[Connection | None] = SimpleQueue()
        for _ in range(n):
            self._idle.put(self._start())

    def examine(self, paths: Sequence[str], form: Form) -> Examined:
        """Examine files in a worker; in this process if the worker could not start, or died."""
        worker, ready = self._idle.get(), None
        try:
            if worker is not None:
                worker.send((paths, form))
                found: Examined = worker.recv()
                ready = worker
                return found
        except (EOFError, OSError):
            pass
        finally:
            self._idle.put(ready)  # after an interrupt, a late answer must not be taken for the next one
        return examine(paths, form)

    def close(self) -> None:
        """End all workers."""
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self) -> Connection | None:
        ours, theirs = socketpair()
        with ours, theirs:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", __name__, str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    process_group=0,  # so that Ctrl-C in a terminal reaches only this process, which then ends them
                )
            except OSError:
                return None
            self._processes.append(process)
            return Connection(ours.detach())


def shared_workers(n_processors: int) -> Workers:
    """The workers of this process; the first thread that needs them starts them."""
    with STARTING:
        return _started_workers(min(MOST_WORKERS, n_processors))


@cache
def _started_workers(n: int) -> Workers:
    workers = Workers(n)
    atexit.register(workers.close)
    return workers


def serve(connection: Connection) -> None:
    """Examine files until the connection is closed."""
    while True:
        try:
            connection.send(examine(*connection.recv()))
        except (EOFError, OSError):
            return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])))
