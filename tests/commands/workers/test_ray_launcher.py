"""Ray: how workers are asked for, and a sweep on a local cluster."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.sweep import sweep
from dnnctl.commands.sweep_result import SweepResult
from dnnctl.commands.workers import ray_launcher
from dnnctl.commands.workers.ray_launcher import RayLauncher, run_worker
from dnnctl.commands.workers.remote_workers import Call
from dnnctl.commands.workers.sweep_folder import Session
from dnnctl.errors import UserError
from dnnctl.events.sweep_event import SweepOpened
from dnnctl.specs.workers import Ray
from fake_ray import FakeRay
from remote import write_grid
from sample_specs import outcome


def opened(
    fake: FakeRay, patch: pytest.MonkeyPatch, *, n_runs: int = 100, **keys: Any
) -> tuple[RayLauncher, list[str]]:
    """A launcher that has connected, and what it has said."""
    fake.install(patch)
    patch.setattr(ray_launcher, "find_spec", lambda _: True)
    launcher, said = RayLauncher.of(Ray.model_validate({"kind": "ray", **keys}), n_runs), []
    launcher.open(Call(Path("/runs"), "net", Session(Path("/runs/.sweep-net/today")), said.append))
    return launcher, said


@pytest.mark.parametrize(
    ("resources", "keys", "n_runs", "expected"),
    [
        ({"CPU": 8.0}, {}, 100, 8),
        ({"CPU": 8.0}, {"cpus": 3}, 100, 2),
        ({"CPU": 8.0, "GPU": 2.0}, {"gpus": 1}, 100, 2),
        ({"CPU": 8.0, "GPU": 2.0}, {"gpus": 0.5}, 100, 4),
        ({"CPU": 8.0}, {}, 3, 3),
        ({"CPU": 1.0}, {"cpus": 4}, 100, 1),
        ({"CPU": 8.0}, {"n": 5}, 100, 5),
        ({"CPU": 8.0}, {"n": 5}, 2, 2),
    ],
)
def test_the_workers_fill_the_cluster(
    resources: dict[str, float], keys: Any, n_runs: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher, said = opened(FakeRay(resources), monkeypatch, n_runs=n_runs, **keys)
    assert launcher.n == expected
    assert bool(said) == (resources["CPU"] < keys.get("cpus", 1)), "it says if there is too little room"


def test_each_worker_is_a_task_that_is_not_started_again_by_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retrying is up to the sweep, which resumes."""
    monkeypatch.setenv("DNNCTL_DATA_DIR", "/data")
    fake = FakeRay({"CPU": 4.0})
    launcher, _ = opened(fake, monkeypatch, n=3, cpus=2, gpus=0.5)
    assert (fake.options["num_cpus"], fake.options["num_gpus"], fake.options["max_retries"]) == (2, 0.5, 0)
    assert launcher.start(2) == ["ray-1", "ray-2"]
    assert launcher.start(1) == ["ray-3"]
    arguments, variables = fake.tasks[2]
    words = "net --runs-dir /runs --session today --worker ray-3 --threads 2"
    assert arguments == ["-m", "dnnctl", "join", *words.split()]
    assert variables["DNNCTL_DATA_DIR"] == "/data"
    fake.ended = {0: "no such folder", 1: RuntimeError("the node has died")}
    assert launcher.present() == {"ray-3"}
    assert launcher.trouble("ray-1") == "no such folder"
    assert "the node has died" in launcher.trouble("ray-2")
    monkeypatch.setattr(sys.modules["ray"], "wait", lambda *_, **__: {}["gone"])
    with pytest.raises(UserError, match="the Ray cluster has gone"):
        launcher.present()
    launcher.close()
    assert fake.connected == []


def test_only_a_cluster_of_its_own_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray refuses these options for another one."""
    fake = FakeRay({"CPU": 4.0})
    opened(fake, monkeypatch)
    assert fake.connected == [("auto", {"log_to_driver": False})]
    own = FakeRay({"CPU": 4.0})
    opened(own, monkeypatch, address="local")
    assert own.connected[0][1]["include_dashboard"] is False
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_cluster_that_is_not_there_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="found no Ray cluster on this machine"):
        opened(FakeRay({}, ConnectionError("no")), monkeypatch)
    monkeypatch.setattr(ray_launcher.socket, "create_connection", lambda *_, **__: socket.socket())
    with pytest.raises(UserError, match="the cluster at node:1: Version mismatch"):
        opened(FakeRay({}, RuntimeError("Version mismatch\nRay: 1")), monkeypatch, address="node:1")
    monkeypatch.undo()
    fake = FakeRay({"CPU": 1.0})
    with pytest.raises(UserError, match=r"the cluster at localhost:1: .*refused"):
        opened(fake, monkeypatch, address="localhost:1")
    assert fake.connected == [], "Ray would try for minutes"


def test_the_signals_stay_those_of_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray handles SIGTERM, which would end the sweep without saving the trials."""
    before = signal.getsignal(signal.SIGTERM)

    class Handling(FakeRay):
        def init(self, *_: Any, **__: Any) -> None:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    fake = Handling({"CPU": 1.0})
    opened(fake, monkeypatch)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_worker_returns_what_it_has_printed() -> None:
    code = "import os, sys; print(os.environ['X'] * 3); print('oh', file=sys.stderr); sys.exit(7)"
    printed = run_worker(["-c", code], {"X": "ab"})
    assert "ababab" in printed
    assert "oh" in printed
    assert "(code 7 on " in printed


def started_with(variable: str) -> list[int]:
    """The processes that have this in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            found += [int(path.parent.name)] if variable.encode() in path.read_bytes().split(b"\0") else []
    return found


@dataclass
class Swept:
    """The same sweep by processes and on a local Ray cluster."""

    here: SweepResult
    there: SweepResult
    events: list[Any]
    """What the second one has reported."""
    variable: str
    """What is in the environment of all processes of the cluster."""


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    pytest.importorskip("ray", reason="Ray is not installed")
    folder = tmp_path_factory.mktemp("ray")
    short = tempfile.mkdtemp(prefix="r", dir="/tmp")  # the path of a socket has at most 107 characters
    events: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        here = sweep(write_grid(folder, workers=2), runs_dir=folder / "here")
        patch.setenv("RAY_TMPDIR", short)
        patch.setenv("RAY_AUTH_MODE", "disabled")  # otherwise Ray writes a token into the home directory
        file = write_grid(folder, workers={"kind": "ray", "address": "local", "n": 2})
        try:
            there = sweep(file, runs_dir=folder / "there", report=events.append, notify=events.append)
            yield Swept(here, there, events, f"RAY_TMPDIR={short}")
        finally:
            for pid in started_with(f"RAY_TMPDIR={short}"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(short, ignore_errors=True)


@pytest.mark.heavy
def test_a_ray_cluster_trains_the_same_table_as_processes(swept: Swept) -> None:
    assert [trial.facts.setting for trial in swept.there.trials] == [trial.facts.setting for trial in swept.here.trials]
    assert [outcome(trial.run) for trial in swept.there.trials] == [outcome(trial.run) for trial in swept.here.trials]
    (opening,) = (event for event in swept.events if isinstance(event, SweepOpened))
    assert (opening.workers, opening.threads) == (2, 1)
    joined = [event for event in swept.events if isinstance(event, str)]
    assert sorted(text.split()[1] for text in joined) == ["ray-1", "ray-2"]


@pytest.mark.heavy
def test_nothing_of_the_cluster_is_left(swept: Swept) -> None:
    """Neither a process, nor the folder of the session."""
    assert started_with(swept.variable) == []
    assert not sys.modules["ray"].is_initialized()
    assert not [path for path in swept.there.trials[0].run.path.parent.iterdir() if path.name == ".sweep-grid"]
