"""`dnnctl join`: what a user sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import call
from dnnctl.commands.workers.sweep_folder import Desk, open_session
from remote import release, train_by


def test_joining_what_nobody_runs_says_what_must_be_shared(tmp_path: Path) -> None:
    done = call("join", "net", "--runs-dir", tmp_path / "no folder")
    assert done.exit_code == 2
    assert f"sees in {tmp_path / 'no folder' / '.sweep-net'} no process that runs the sweep net" in done.stderr
    assert "one folder that all machines share" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_worker_prints_what_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_by(release, monkeypatch)
    with open_session(tmp_path, "net") as session:
        monkeypatch.setattr(
            Desk, "report", lambda desk, _: (desk.order(order="train", run="a"), desk.order(order="end"))
        )
        done = call("join", "net", "--runs-dir", tmp_path, "--session", session.id, "--worker", "w", "--threads", 1)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[:2] == ["joined net as w; Ctrl-C saves the trial and leaves", "training a"]
    assert done.stdout.splitlines()[-1] == "left net"
