"""The same work for many files, in threads and processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.images.decode import Form
from dnnctl.data.images.examine import Examined, examine
from dnnctl.data.images.workers import shared_workers

MOST_THREADS = 16
BATCH = 64
"""The number of files in one task of a thread."""
MANY, SMALL = 1000, 1 << 14
"""From how many files on, and up to how many bytes of a file on average, processes are faster than threads."""
Report = Callable[[int], None]


def examine_all(
    paths: Sequence[str],
    n_bytes: NDArray[np.int64],
    form: Form,
    put: Callable[[slice, Examined], None],
    report: Report | None = None,
) -> None:
    """Examine files, some at a time.

    Args:
        n_bytes: (N,) the size of each file.
        put: takes what was found in some of the files; it is called in several threads.
        report: called with the number of finished files, in ascending order.
    """
    n = n_processors()
    are_small = len(paths) >= MANY and int(n_bytes.sum()) <= SMALL * len(paths)
    work = shared_workers(n).examine if are_small and n > 1 else examine

    def run(some: slice) -> None:
        put(some, work(paths[some], form))

    _for_slices(len(paths), run, report)


def for_each(n: int, work: Callable[[int], None]) -> None:
    """Call `work` with 0, 1, …, n - 1, in several threads. The calls must not depend on each other."""

    def run(some: slice) -> None:
        for number in range(some.start, some.stop):
            work(number)

    _for_slices(n, run, None)


def _for_slices(n: int, work: Callable[[slice], None], report: Report | None) -> None:
    slices = [slice(start, min(start + BATCH, n)) for start in range(0, n, BATCH)]
    n_threads = min(MOST_THREADS, n_processors(), len(slices))
    if n_threads < 2:
        _report_all(map(work, slices), n, report)
        return
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="decode")
    try:
        _report_all(pool.map(work, slices), n, report)
    finally:
        pool.shutdown(cancel_futures=True)  # after an error or an interrupt, the rest is not worked on


def _report_all(batches: Iterator[None], n: int, report: Report | None) -> None:
    for number, _ in enumerate(batches, 1):
        if report is not None:
            report(min(number * BATCH, n))


def n_processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
