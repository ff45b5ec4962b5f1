"""The same work for many files, in threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

MOST_THREADS = 16
BATCH = 32
"""The number of files in one task of a thread."""


def for_each(n: int, work: Callable[[int], None]) -> None:
    """Call `work` with 0, 1, …, n - 1, in several threads. The calls must not depend on each other."""

    def run(start: int) -> None:
        for number in range(start, min(start + BATCH, n)):
            work(number)

    n_threads = min(MOST_THREADS, n_processors(), -(-n // BATCH))
    if n_threads < 2:
        for start in range(0, n, BATCH):
            run(start)
        return
    with ThreadPoolExecutor(n_threads, thread_name_prefix="decode") as pool:
        for _ in pool.map(run, range(0, n, BATCH)):
            pass


def n_processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
