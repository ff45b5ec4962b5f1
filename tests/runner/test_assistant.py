"""Several processes that train one model: what they compute, and how they end and continue."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.launch import free_ports, tf_config
from dnnctl.commands.train import train
from dnnctl.runner import setup
from dnnctl.store.record import RunRecord
from forked import Forked, dnnctl
from killed import die_at
from sample_specs import write_spec

SOON = 30
"""Seconds in which a worker must end after another one has died."""
MODEL = {
    "defaults": {"activation": "relu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
    "layers": ["flatten", {"kind": "dense", "units": 8}],
}
TRAINING = {"batch_size": 13, "epochs": 2, "checkpoint": {"every": {"steps": 2}}}
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def dying(arguments: Sequence[str]) -> None:
    """The command `dnnctl` in a process that is killed before its fifth call of the engine."""
    die_at("before_steps", 5)
    dnnctl(arguments)


def signalled(arguments: Sequence[str]) -> None:
    """The command `dnnctl` in a process that gets SIGTERM there."""
    import killed

    signals = [signal.SIGTERM]  # a second one would end the process at once
    killed.die = lambda: [os.kill(os.getpid(), signals.pop()) for _ in signals[:]] and None
    dying(arguments)


def start(*arguments: Any, n: int = 2, last: Callable[[Sequence[str]], None] = dnnctl) -> list[Forked]:
    """Start n workers; the last one runs another program."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(n)]
    programs = [*[dnnctl] * (n - 1), last]
    return [
        Forked(program, *arguments, "--json", variables={"TF_CONFIG": tf_config(addresses, number), **ONE_THREAD})
        for number, program in enumerate(programs)
    ]


def finish(workers: Sequence[Forked]) -> list[str]:
    """Wait for workers to end well; return the digests of the states that those other than the chief report."""
    printed = [worker.communicate() for worker in workers]
    assert [worker.wait() for worker in workers] == [0] * len(workers), printed
    ended = [json.loads(line) for out, _ in printed[1:] for line in out.splitlines() if "worker_ended" in line]
    assert len(ended) == len(workers) - 1, printed
    return [event["state"] for event in ended]


def state_of(runs: Path) -> str:
    """The digest of the state at the end of the only run."""
    (folder,) = runs.iterdir()
    summary = RunRecord.at(folder).summary
    assert summary is not None
    assert summary.state is not None
    return summary.state


@pytest.fixture
def distributed(tmp_path: Path) -> Path:
    return write_spec(tmp_path, model=MODEL, training=TRAINING, runtime={"distribution": "multi_worker"})


@pytest.fixture
def expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The digest of the state after the same training by two replicas in this process."""
    monkeypatch.setattr(setup, "replica_devices", lambda: ("/CPU:0",) * 2)
    folder = tmp_path / "mirrored"
    folder.mkdir()
    spec = write_spec(folder, model=MODEL, training=TRAINING, runtime={"distribution": "mirrored"})
    train(spec, runs_dir=folder / "runs")
    return state_of(folder / "runs")


def test_two_workers_give_the_bits_of_one_process(distributed: Path, expected: str, tmp_path: Path) -> None:
    """All variables of all of them; `tests/engine/test_replicas.py` compares the replicas with a plain loop."""
    runs = tmp_path / "runs"
    assert finish(start("train", distributed, "--runs-dir", runs)) == [expected]
    assert state_of(runs) == expected


@pytest.mark.parametrize(
    ("program", "codes"), [(dying, (1, -signal.SIGKILL)), (signalled, (143, 143))], ids=["killed", "signalled"]
)
def test_a_worker_ends_with_the_others_and_they_resume_exactly(
    program: Callable[[Sequence[str]], None], codes: tuple[int, int], distributed: Path, expected: str, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    workers = start("train", distributed, "--runs-dir", runs, last=program)
    others, (printed, errors) = workers[1].communicate(), workers[0].communicate(SOON)
    assert [worker.wait() for worker in workers] == list(codes), (printed, errors, others)
    (folder,) = runs.iterdir()
    assert f"dnnctl launch --workers 2 --resume {folder}" in errors
    assert finish(start("resume", folder)) == [expected]
    assert state_of(runs) == expected
    assert not any(entry.approximate for entry in RunRecord.at(folder).history)


def test_three_workers_repeat_their_bits(distributed: Path, tmp_path: Path) -> None:
    """The order in which three numbers are added is always the same."""
    found = [finish(start("train", distributed, "--runs-dir", tmp_path / name, n=3)) for name in "ab"]
    assert found[0] == found[1] == [state_of(tmp_path / "a")] * 2
