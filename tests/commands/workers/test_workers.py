"""Where trials are trained: how many workers with how many threads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.workers import ray_launcher, workers
from dnnctl.commands.workers.workers import WORKERS, Job, start_workers
from dnnctl.errors import UserError
from dnnctl.specs.reading.introspection import members
from dnnctl.specs.workers import Processes, Ray, Slurm, Workplace


def chosen(monkeypatch: pytest.MonkeyPatch, *, cores: int, n_runs: int = 100, **keys: Any) -> tuple[int, int]:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    choice = Processes.model_validate({"kind": "processes", **keys})
    found = start_workers(choice, Job(Path("runs"), n_runs=n_runs))
    return found.n, found.threads


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "GPU", Path("/no/gpu"))


@pytest.mark.parametrize(("cores", "expected"), [(1, (1, 1)), (2, (2, 1)), (4, (4, 1)), (16, (8, 2)), (33, (8, 4))])
def test_the_workers_share_the_cores(cores: int, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, cores=cores) == expected


def test_what_is_asked_for_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch, cores=8, n=2) == (2, 4)
    assert chosen(monkeypatch, cores=2, n=5) == (5, 1)
    assert chosen(monkeypatch, cores=2, n=1, threads=7) == (1, 7)


def test_fewer_runs_need_fewer_workers_but_have_the_same_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bits of a trial do not depend on the number of trials that are left."""
    assert chosen(monkeypatch, cores=8, n_runs=1) == (1, 1)


def test_a_gpu_gets_one_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workers, "GPU", tmp_path)
    assert chosen(monkeypatch, cores=8) == (1, 8)


def test_there_are_workers_for_every_kind() -> None:
    assert set(WORKERS) == set(members(Workplace))


def test_a_launcher_that_is_not_installed_is_reported_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_launcher, "find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'dnnctl\[ray\]'"):
        start_workers(Ray(kind="ray"), Job(Path("runs")))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="sbatch, which is not on the PATH"):
        start_workers(Slurm(kind="slurm", n=2), Job(Path("runs")))
