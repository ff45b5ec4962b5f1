"""The folder through which a sweep and its workers talk: who is alive, and what is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.commands.workers import sweep_folder
from dnnctl.commands.workers.sweep_folder import (
    Desk,
    Lines,
    Session,
    end_sessions,
    find_session,
    folder_of,
    open_session,
)
from dnnctl.errors import RunError
from dnnctl.store.catalog import list_folders
from dnnctl.store.files import write_json


def test_each_line_is_read_once_and_only_when_it_is_complete(tmp_path: Path) -> None:
    lines, path = Lines(tmp_path / "lines"), tmp_path / "lines"
    assert lines.new() == []
    path.write_text('{"a": 1}\n{"b"')
    assert lines.new() == [{"a": 1}]
    assert lines.new() == []
    path.write_text('{"a": 1}\n{"b": 2}\n{"c": 3}\n')
    assert lines.new() == [{"b": 2}, {"c": 3}]


def test_a_session_is_found_while_its_process_lives(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no process that runs the sweep net"):
        find_session(tmp_path, "net")
    with open_session(tmp_path, "net") as session:
        assert find_session(tmp_path, "net").id == find_session(tmp_path, "net", session.id).id == session.id
        assert list_folders(tmp_path) == [], "it is no run"
        with pytest.raises(RunError):
            find_session(tmp_path, "net", "an earlier one")
        with pytest.raises(RunError):
            find_session(tmp_path, "ne")
    with pytest.raises(RunError):
        find_session(tmp_path, "net")
    assert list(tmp_path.iterdir()) == []


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    with open_session(tmp_path, "net") as session:
        write_json(session.path / sweep_folder.SESSION, {"version": "0.0.1"})
        with pytest.raises(RunError, match=r"is run by dnnctl 0\.0\.1"):
            find_session(tmp_path, "net")


def test_a_worker_is_alive_as_long_as_it_holds_its_folder(tmp_path: Path) -> None:
    with open_session(tmp_path, "net") as session:
        with session.enter("a") as desk:
            (seen,) = session.desks()
            assert seen.is_alive
            desk.report({"event": "joined"})
            seen.order(order="end")
            assert (seen.reports.new(), desk.orders.new()) == ([{"event": "joined"}], [{"order": "end"}])
            with pytest.raises(RunError, match="cannot join"), session.enter("a"):
                pass
        assert not seen.is_alive
    desk.report({"event": "too late"})


def test_what_a_killed_process_has_left_is_removed_after_its_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are saving the runs that the new process would give to others."""
    left = Session(folder_of(tmp_path, "net") / "earlier")
    left.path.mkdir(parents=True)
    said: list[str] = []
    monkeypatch.setattr(sweep_folder, "PATIENCE", 0.0)
    with left.enter("a"):
        with pytest.raises(RunError, match="has not ended: a"):
            end_sessions(tmp_path, "net", said.append)
        monkeypatch.setattr(sweep_folder, "PATIENCE", 60.0)
        monkeypatch.setattr(Desk, "is_alive", property(lambda _, answers=[True, True, False]: answers.pop(0)))
        end_sessions(tmp_path, "net", said.append)
    assert len(said) == 2
    assert not left.path.exists()
