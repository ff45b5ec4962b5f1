"""Commands in processes that are forked from one that has imported TensorFlow: they start at once, not after seconds.

A forked process trains the same bits as a fresh one: TensorFlow has run no operation before, so that its threads and
devices belong to the new process; arguments, environment, directory, streams and random generators are set there. Laws
about starting need a fresh process: imports, variables that libraries read when they are imported, closed streams,
limits, and what happens when an interpreter ends.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from multiprocessing import forkserver, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

Main = Callable[[Sequence[str]], None]
"""A program: a function of a module, called with its arguments."""
NONE: Mapping[str, str] = {}
UNLIMITED: Mapping[int, int] = {}
LONGEST = 600
"""Seconds until a process counts as hanging."""
OUTPUTS = (1, 2)
"""The descriptors of standard output and standard error."""


def dnnctl(arguments: Sequence[str]) -> None:
    """The command `dnnctl`."""
    from dnnctl.cli.app import main

    sys.argv = ["dnnctl", *arguments]
    main()


class Forked:
    """A program in a process of its own, which ends with this one.

    Args:
        variables: environment variables in addition to those of this process.
        limits: the system's limits for the process, by their number in `resource`.

    Attributes:
        stdout: the reading end of its standard output.
        stderr: the reading end of its standard error.
    """

    def __init__(
        self, main: Main, *arguments: Any, variables: Mapping[str, str] = NONE, limits: Mapping[int, int] = UNLIMITED
    ) -> None:
        context = _server()
        (self.stdout, out), (self.stderr, err) = map(_opened, (context.Pipe(duplex=False), context.Pipe(duplex=False)))
        given = (main, list(map(str, arguments)), os.environ | variables, limits, str(Path.cwd()), (out, err))
        self._process = context.Process(target=_run, args=given, daemon=True)
        self._process.start()
        for end in (out, err):
            end.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        os.kill(self.pid, number)

    def end(self) -> None:
        """Kill the process if it still runs, and close what was not read."""
        self._process.kill()
        for stream in (self.stdout, self.stderr):
            stream.close()

    def wait(self, timeout: float = LONGEST) -> int:
        """Wait for the end and return the exit code; for a signal it is the signal's number, negative."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            raise subprocess.TimeoutExpired("forked process", timeout)
        return code

    def communicate(self, timeout: float = LONGEST) -> tuple[str, str]:
        """Wait for the end and return what was printed to standard output and standard error."""
        with ThreadPoolExecutor(2) as readers:
            printed = [readers.submit(_rest_of, stream) for stream in (self.stdout, self.stderr)]
            self.wait(timeout)
        return printed[0].result(), printed[1].result()


def run(main: Main, *arguments: Any, **surroundings: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with the surroundings that `Forked` takes."""
    process = Forked(main, *arguments, **surroundings)
    printed = process.communicate()
    return subprocess.CompletedProcess(arguments, process.wait(), *printed)


@cache
def _server() -> Any:
    """The way to the process that forks; it starts with the first use, and ends with this process."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["preloaded"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # Python ignores modules that it cannot find
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    return context


def _rest_of(stream: TextIO) -> str:
    """What is still to be read, or nothing if the stream is closed."""
    if stream.closed:
        return ""
    with stream:
        return stream.read()


def _opened(pipe: tuple[Connection, Connection]) -> tuple[TextIO, Connection]:
    """The reading end of a pipe as a text file, and its writing end."""
    ours, theirs = pipe
    with ours:
        return os.fdopen(os.dup(ours.fileno()), encoding="utf-8", errors="replace"), theirs


def _run(
    main: Main,
    arguments: list[str],
    variables: dict[str, str],
    limits: Mapping[int, int],
    home: str,
    outputs: Sequence[Connection],
) -> None:
    """Run a program in the forked process."""
    import numpy as np

    assert "preloaded" in sys.modules, "the process that forks could not import what it should"
    for descriptor, end in zip(OUTPUTS, outputs, strict=True):
        with end:
            os.dup2(end.fileno(), descriptor)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(home)
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, resource.RLIM_INFINITY))
    random.seed()
    np.random.seed()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()
    main(arguments)


def _end_with_parent() -> None:
    """End this process when the one that asked for it ends, however it ends."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)
