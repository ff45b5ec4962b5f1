"""Makes attacks in worker processes: a crash or a hang of dnnctl is a finding and does not end the others."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from attack.attack import Finding, findings_of

WHOLE = {"specs": 10_000, "stores": 1_000, "models": 60, "environments": 216, "links": 400}
"""The modules with attacks, and the number of attacks of a whole run."""
LIMITS = {"environments": 300, "models": 300}
DEFAULT_LIMIT = 60
"""Seconds until an attack counts as hanging: its commands run for less than a second, except those that train."""


def attack_all(
    wanted: list[tuple[str, int]], *, n_workers: int = 2, report: Callable[[Finding], None] = lambda _: None
) -> list[Finding]:
    """Make attacks, each given by its module and its seed; return what went wrong.

    Args:
        report: called with each finding at once.
    """
    parts = [wanted[start::n_workers] for start in range(n_workers)]
    with tempfile.TemporaryDirectory(prefix="dnnctl-attack-") as folder, ThreadPoolExecutor(n_workers) as pool:
        found = pool.map(lambda part: list(_attack_in_turn(part, folder, report)), parts)
        return [finding for findings in found for finding in findings]


def _attack_in_turn(wanted: list[tuple[str, int]], folder: str, report: Callable[[Finding], None]) -> Iterator[Finding]:
    """Make one attack after the other in a worker, and in a new one if it ended."""
    worker = None
    for module, seed in wanted:
        worker = worker or _Worker(folder)
        found = worker.attack(module, seed)
        if found is None:
            found, worker = [Finding(module, seed, worker.end())], None
        for finding in found:
            report(finding)
            yield finding
    if worker is not None:
        worker.end()


class _Worker:
    """A process that makes attacks, each in a new folder inside the given one."""

    def __init__(self, folder: str) -> None:
        context = get_context("spawn")
        self.ours, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, folder), daemon=True)
        self.process.start()
        theirs.close()

    def attack(self, module: str, seed: int) -> list[Finding] | None:
        """What went wrong, or None if the process has ended or hangs."""
        self.ours.send((module, seed))
        try:
            return self.ours.recv() if self.ours.poll(LIMITS.get(module, DEFAULT_LIMIT)) else None
        except EOFError:
            return None

    def end(self) -> str:
        """End the process; return how it ended."""
        self.ours.close()
        self.process.join(1)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
            return "it hangs"
        return f"the process ended with {self.process.exitcode}"


def _serve(connection: Connection, temporary: str) -> None:
    os.environ |= {"DNNCTL_CACHE_DIR": "", "TF_CPP_MIN_LOG_LEVEL": "3", "TMPDIR": temporary}
    tempfile.tempdir = temporary
    while True:
        try:
            module, seed = connection.recv()
        except EOFError:
            return
        folder = Path(tempfile.mkdtemp())
        try:
            connection.send(list(findings_of(import_module(f"attack.{module}").attack(seed), folder)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
