"""Processes that examine image files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from dnnctl.data.images import workers as module
from dnnctl.data.images.decode import Form
from dnnctl.data.images.examine import Examined, examine
from dnnctl.data.images.workers import Workers
from image_files import draw_pixels, write_folder


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    files = {f"{n}.png": image for n, image in enumerate(draw_pixels(3, 4, 5, 3))}
    root = write_folder(tmp_path, {**files, "text.png": b"text"})
    return [str(root / name) for name in (*files, "text.png", "missing.png")]


@pytest.fixture
def workers() -> Iterator[Workers]:
    started = Workers(2)
    yield started
    started.close()


def assert_equal(first: Examined, second: Examined) -> None:
    for name in ("sha256", "sizes", "is_grey", "pixels"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.problems == second.problems


def test_a_worker_finds_what_this_process_finds(workers: Workers, paths: list[str]) -> None:
    for form in (Form(), Form((2, 2), "crop", "grey")):
        for _ in range(3):
            assert_equal(workers.examine(paths, form), examine(paths, form))


def test_a_worker_that_died_is_replaced_by_this_process(workers: Workers, paths: list[str]) -> None:
    expected = examine(paths, Form())
    assert_equal(workers.examine(paths, Form()), expected)
    for process in workers._processes:
        process.kill()
        process.wait()
    for _ in range(4):
        assert_equal(workers.examine(paths, Form()), expected)


@pytest.mark.parametrize("program", ["/no/such/python", "/bin/false"])
def test_without_a_program_to_start_this_process_does_the_work(
    monkeypatch: pytest.MonkeyPatch, paths: list[str], program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    workers = Workers(1)
    assert_equal(workers.examine(paths, Form()), examine(paths, Form()))
    workers.close()


def test_threads_share_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    class Slow(Workers):
        def __init__(self, n: int) -> None:
            started.append(n)
            super().__init__(0)
            sleep(0.05)

    monkeypatch.setattr(module, "Workers", Slow)
    module._started_workers.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(module.shared_workers, [100] * 4))
    module._started_workers.cache_clear()
    assert (started, len(set(found))) == ([module.MOST_WORKERS], 1)


def test_workers_end_with_the_process_that_started_them() -> None:
    """Even if it is killed; Ctrl-C in the terminal reaches only that process."""
    code = (
        "import os, signal; from dnnctl.data.images.workers import Workers; from dnnctl.data.images.decode import Form;"
        "w = Workers(1); w.examine([], Form()); p = w._processes[0].pid;"
        "print(p, os.getpgid(p) != os.getpgrp(), flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    pid, is_own_group = done.stdout.split()
    assert is_own_group == "True"
    for _ in range(500):
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return
        if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]:
            return
        os.sched_yield()
        signal.sigtimedwait([], 0.01)
    raise AssertionError("the worker is still there")
