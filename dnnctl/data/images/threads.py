"""The same work for many files, in threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

MOST_THREADS = 16
BATCH = 32
"""The number of files in one task of a thread."""


def for_each(n: int, work: Callable[[int], None], report: Callable[[int], None] | None = None) -> None:
    """Call `work` with 0, 1, …, n - 1, in several threads. The calls must not depend on each other.

    Args:
        report: called in this thread with the number of finished calls, in ascending order.
    """

    def run(start: int) -> None:
        for number in range(start, min(start + BATCH, n)):
            work(number)

    n_threads = min(MOST_THREADS, n_processors(), -(-n // BATCH))
    if n_threads < 2:
        _report_all(map(run, range(0, n, BATCH)), n, report)
        return
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="decode")
    try:
        _report_all(pool.map(run, range(0, n, BATCH)), n, report)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error or an interrupt, the rest is not worked on


def _report_all(batches: Iterator[None], n: int, report: Callable[[int], None] | None) -> None:
    for number, _ in enumerate(batches, 1):
        if report is not None:
            report(min(number * BATCH, n))


def n_processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
