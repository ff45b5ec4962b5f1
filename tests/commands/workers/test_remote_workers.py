"""Workers elsewhere: each run once, whatever happens to them, and none without need."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from dnnctl.commands.join import join as join_sweep
from dnnctl.commands.workers.crew import Crew
from dnnctl.commands.workers.remote_workers import ByHand, RemoteWorkers
from dnnctl.commands.workers.workers import Job
from dnnctl.errors import InterruptedRunError, RunError
from remote import ThreadLauncher, release, train_by

RUNS = [f"run-{number}" for number in range(8)]


class Given:
    """Gives each run until it is released, if it was not interrupted, and counts the deaths."""

    def __init__(self, directory: Path, names: Collection[str] = RUNS) -> None:
        self.directory, self.names = directory, names
        self.done: list[str] = []
        self.lost: list[str] = []

    def following(self, busy: Collection[Path]) -> Path | None:
        left = (self.directory / name for name in self.names if name not in self.done)
        return next((path for path in left if path not in busy), None)

    def hear(self, run: Path, content: Any) -> None:
        if content["event"] == "released" and not content.get("is_interrupted"):
            self.done.append(run.name)
        if content["event"] == "lost":
            self.lost.append(run.name)


def train(launcher: Any, given: Given, notify: Any = lambda _: None, *, n_runs: int = 8) -> None:
    job = Job(given.directory, "net", n_runs, notify=notify)
    with RemoteWorkers(launcher, job) as workers, Crew(workers, given.hear) as crew:
        crew.train(given.following)


def test_each_run_is_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[Path] = []
    train_by(lambda run, write: trained.append(run) or release(run, write), monkeypatch)
    launcher, given = ThreadLauncher(2), Given(tmp_path)
    train(launcher, given)
    assert sorted(trained) == [tmp_path / name for name in RUNS]
    assert sorted(given.done) == RUNS
    assert (len(launcher.started), launcher.n_calls) == (2, {"open": 1, "close": 1})
    assert list(tmp_path.iterdir()) == [], "the folder of the session is removed"


def test_a_worker_that_dies_is_replaced_and_its_run_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[str] = []

    def die_once(run: Path, write: Any) -> bool:
        if run.name in RUNS[2:4] and run.name not in killed:
            killed.append(run.name)
            raise SystemExit
        return release(run, write)

    train_by(die_once, monkeypatch)
    launcher, given = ThreadLauncher(1), Given(tmp_path)
    train(launcher, given)
    assert (given.done, given.lost) == (RUNS, RUNS[2:4])
    assert len(launcher.started) == 3


def test_a_worker_that_has_grown_too_large_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_by(lambda _, write: write({"event": "released", "is_last": True}) or False, monkeypatch)
    launcher, given = ThreadLauncher(1), Given(tmp_path, RUNS[:4])
    train(launcher, given)
    assert (sorted(given.done), given.lost, len(launcher.started)) == (RUNS[:4], [], 4)


def test_a_worker_that_its_cluster_stops_is_replaced_and_its_run_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As at the time limit of a job."""
    trained: list[str] = []

    def stopped_once(run: Path, write: Any) -> bool:
        trained.append(run.name)
        is_first = trained.count(run.name) == 1
        write({"event": "released", "is_last": is_first, "is_interrupted": is_first})
        return not is_first

    train_by(stopped_once, monkeypatch)
    launcher, given = ThreadLauncher(1), Given(tmp_path, RUNS[:2])
    train(launcher, given)
    assert (given.done, given.lost) == (RUNS[:2], [])
    assert trained == [RUNS[0], RUNS[0], RUNS[1], RUNS[1]]


def test_nothing_is_started_if_nothing_is_left(tmp_path: Path) -> None:
    launcher = ThreadLauncher(2)
    train(launcher, Given(tmp_path, []), n_runs=0)
    assert (launcher.started, launcher.n_calls["open"]) == ({}, 0)


def test_workers_that_end_before_they_join_end_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_by(release, monkeypatch)
    launcher = ThreadLauncher(2, is_broken=True)
    with pytest.raises(RunError, match=r"ended before it could join the sweep:\nthread-1: no such folder"):
        train(launcher, Given(tmp_path))
    assert launcher.n_calls["close"] == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("restored_signals")
def test_a_signal_stops_every_worker_and_what_waits_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Event()

    def train_until_stopped(_run: Path, write: Any) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(30)
        write({"event": "released", "is_last": True})
        return False

    train_by(train_until_stopped, monkeypatch, stop=stopped.set)
    given = Given(tmp_path)
    with pytest.raises(InterruptedRunError):
        train(ThreadLauncher(1), given)
    assert given.done == RUNS[:1]


@pytest.mark.usefixtures("restored_signals")
def test_a_signal_before_the_first_worker_ends_the_sweep(tmp_path: Path) -> None:
    given = Given(tmp_path)
    with pytest.raises(InterruptedRunError):
        train(ByHand(), given, lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert given.done == []


def test_a_worker_joins_those_that_a_launcher_has_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two runs are trained only if they are trained at the same time."""
    both, helpers = Barrier(2), list[Thread]()

    def train_together(run: Path, write: Any) -> bool:
        if run.name in RUNS[:2]:
            both.wait(30)
        return release(run, write)

    def help_once(_text: str) -> None:
        if not helpers:
            words = {"runs_dir": tmp_path, "threads": 1}
            helpers.append(Thread(target=join_sweep, args=("net",), kwargs=words))
            helpers[0].start()

    train_by(train_together, monkeypatch)
    launcher, given = ThreadLauncher(1), Given(tmp_path)
    train(launcher, given, help_once)
    assert (sorted(given.done), given.lost, len(launcher.started)) == (RUNS, [], 1)


def test_workers_join_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice is a command that works."""
    train_by(release, monkeypatch)
    said: list[str] = []

    def notify(text: str) -> None:
        said.append(text)
        words = text.partition("dnnctl join ")[2].split()
        if words:
            assert words == ["net", "--runs-dir", str(tmp_path)]
            Thread(target=join_sweep, args=(words[0],), kwargs={"runs_dir": words[2], "threads": 3}).start()

    given = Given(tmp_path)
    train(ByHand(), given, notify)
    assert given.done == RUNS
    assert len(said) == 2
    assert "(threads: 3)" in said[1]
