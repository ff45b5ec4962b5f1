"""A worker that joins a sweep: what it does with orders, and when it leaves."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from dnnctl.commands import join
from dnnctl.commands.join import _Listener
from dnnctl.commands.workers.sweep_folder import Desk, Session, open_session
from dnnctl.errors import RunError
from fake_workers import RELEASED
from remote import release, train_by


def listening(session: Session, desk: Desk, directory: Path) -> _Listener:
    return _Listener(session, desk, directory, lambda _: None)


def test_a_worker_trains_what_is_ordered_and_leaves_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[Path] = []
    train_by(lambda run, write: trained.append(run) or release(run, write), monkeypatch)
    said: list[str] = []
    words: dict[str, Any] = {"runs_dir": tmp_path, "worker": "w", "threads": 2, "notify": said.append}
    with open_session(tmp_path, "net") as session:
        desk = Desk(session.path / "w")
        worker = Thread(target=join.join, args=("net",), kwargs=words)
        worker.start()
        while not (hello := desk.reports.new()):
            pass
        for name in ("a", "../b"):
            desk.order(order="train", run=name)
        desk.order(order="end")
        worker.join()
    assert (hello[0]["event"], hello[0]["threads"]) == ("joined", 2)
    assert trained == [tmp_path / "a", tmp_path / "b"], "a name never leads out of the runs directory"
    assert said == ["joined net as w; Ctrl-C saves the trial and leaves", "training a", "training b", "left net"]


def test_a_worker_saves_and_leaves_if_the_sweep_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel releases the lock of the killed process."""
    saved: list[bool] = []
    monkeypatch.setattr(join, "_save_and_end", lambda: saved.append(True))
    with open_session(tmp_path, "net") as session, session.enter("w") as desk:
        desk.order(order="train", run="a")
        monkeypatch.setattr(Session, "is_alive", property(lambda _, answers=[True, False]: answers.pop(0)))
        listener = listening(session, desk, tmp_path)
        listener.listen()
    assert saved == [True]
    assert list(listener.runs()) == [tmp_path / "a"]


def test_a_worker_leaves_if_the_folder_is_not_there_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when its server has restarted. It is idle, so that it needs no signal."""
    monkeypatch.setattr(join, "_save_and_end", lambda: pytest.fail("it is idle"))
    with open_session(tmp_path, "net") as session, session.enter("w") as desk:
        monkeypatch.setattr(desk.orders, "new", lambda: (_ for _ in ()).throw(OSError("stale file handle")))
        listener = listening(session, desk, tmp_path)
        listener.listen()
    assert list(listener.runs()) == []


def test_an_idle_worker_needs_no_signal_to_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between two runs would end it like a failure."""
    monkeypatch.setattr(join, "_save_and_end", lambda: pytest.fail("it is idle"))
    with open_session(tmp_path, "net") as session, session.enter("w") as desk:
        listener = listening(session, desk, tmp_path)
        desk.order(order="train", run="a")
        desk.order(order="end")
        listener.listen()
        listener.report(dict(RELEASED))
        listener._follow({"order": "stop"})
    assert list(listener.runs()) == [tmp_path / "a"]


def test_there_must_be_a_sweep_to_join(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no process that runs the sweep net"):
        join.join("net", runs_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
