"""Giving runs to workers: each run once, whatever happens to the workers, and signals never get lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.workers.crew import Crew
from dnnctl.errors import InterruptedRunError
from fake_workers import FakeWorkers


def runs_of(*names: str) -> Any:
    """Makes these runs in order; one that was lost comes again."""
    done: set[Path] = set()

    def following(busy: Collection[Path]) -> Path | None:
        return next((Path(name) for name in names if Path(name) not in busy and Path(name) not in done), None)

    return following, done


def test_each_run_is_given_once_and_a_lost_one_again() -> None:
    lost = [{"event": "lost", "code": -9}]
    workers = FakeWorkers(2, {"b": [lost, lost]})
    following, done = runs_of("a", "b", "c", "d")
    heard: list[tuple[str, str, int]] = []

    def hear(run: Path, content: Any) -> None:
        heard.append((run.name, content["event"], content.get("deaths", 0)))
        if content["event"] == "released":
            done.add(run)

    with Crew(workers, hear) as crew:
        crew.train(following)
    assert sorted(workers.given) == ["a", "b", "b", "b", "c", "d"]
    assert [each for each in heard if each[0] == "b"] == [
        ("b", "given", 0),
        ("b", "lost", 1),
        ("b", "given", 0),
        ("b", "lost", 2),
        ("b", "given", 0),
        ("b", "released", 2),
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2])
def test_a_signal_stops_the_workers_and_no_run_follows(number: int) -> None:
    workers = FakeWorkers(1, {})
    following, _ = runs_of("a", "b")

    def hear(_run: Path, content: Any) -> None:
        if content["event"] == "given":
            os.kill(os.getpid(), number)  # while runs are given: it must not be lost

    before = signal.getsignal(number)
    with Crew(workers, hear) as crew, pytest.raises(InterruptedRunError, match="interrupted by SIG") as error:
        crew.train(following)
    assert error.value.exit_code == 128 + number
    assert (workers.given, workers.signals) == (["a"], [number])
    assert signal.getsignal(number) == before


def test_a_signal_reaches_the_workers_after_the_run_that_was_being_given() -> None:
    """A worker that gets the signal before its run would train it to the end."""
    workers = FakeWorkers(1, {})
    order: list[str] = []
    train = workers.train

    def give(run: Path) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        order.append("given")
        train(run)

    workers.train = give  # type: ignore[method-assign]
    workers.stop = lambda _number: order.append("signal")  # type: ignore[method-assign]
    with Crew(workers, lambda _run, _content: None) as crew, pytest.raises(InterruptedRunError):
        crew.train(runs_of("a")[0])
    assert order == ["given", "signal"]


def test_workers_that_a_signal_ends_are_not_reported_as_lost() -> None:
    workers = FakeWorkers(1, {"a": [[{"event": "lost", "code": -15}]]})
    heard: list[str] = []

    def hear(_run: Path, content: Any) -> None:
        heard.append(content["event"])
        os.kill(os.getpid(), signal.SIGTERM)

    with Crew(workers, hear) as crew, pytest.raises(InterruptedRunError):
        crew.train(runs_of("a")[0])
    assert heard == ["given"]
