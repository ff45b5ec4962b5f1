"""The same work for many files, in threads."""

from __future__ import annotations

import time

import pytest

from dnnctl.data.images import threads


@pytest.mark.parametrize("n", [0, 1, 31, 32, 33, 1000])
@pytest.mark.parametrize("n_processors", [1, 4])
def test_every_number_is_worked_on_once(monkeypatch: pytest.MonkeyPatch, n: int, n_processors: int) -> None:
    monkeypatch.setattr(threads, "n_processors", lambda: n_processors)
    done: list[int] = []
    reported: list[int] = []
    threads.for_each(n, done.append, reported.append)
    assert sorted(done) == list(range(n))
    assert reported == [min(start + 32, n) for start in range(0, n, 32)]


def test_nothing_is_started_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "n_processors", lambda: 2)
    monkeypatch.setattr(threads, "BATCH", 1)
    started: list[int] = []

    def work(number: int) -> None:
        started.append(number)
        time.sleep(0.01 if number else 0)

    def interrupt(_n_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        threads.for_each(400, work, interrupt)
    assert len(started) < 400


def test_an_error_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "n_processors", lambda: 4)
    with pytest.raises(ZeroDivisionError):
        threads.for_each(1000, lambda number: 1 // (number - 500))
