"""`dnnctl show --follow`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from command_line import call
from dnnctl.store.facts import HistoryEntry
from dnnctl.store.lock import hold
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored import make_run, store_run


def test_a_finished_run_ends_with_its_result_and_exit_code(tmp_path: Path) -> None:
    run = store_run(tmp_path, epochs=12, training={"epochs": 20})
    lines = call("show", run.path, "--follow").stdout.splitlines()
    assert lines[0] == f"run {run.id}, finished after 12 epochs; the last 10 of them:"
    assert [line.partition("  loss")[0] for line in lines[1:11]] == [f"epoch {n:>2}/20" for n in range(3, 13)]
    assert (lines[11], lines[-1]) == ("finished after 12 epochs in 1.0 s", "exit code: 0")


def test_a_run_that_was_stopped_gives_the_exit_code_of_its_process(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    with RunWriter.open(run) as writer:
        writer.add_history(HistoryEntry("ended", end="interrupted", reason="by SIGTERM", exit_code=143))
    done = call("show", run.path, "-f")
    assert (done.exit_code, done.stdout.splitlines()[1:]) == (0, ["interrupted: by SIGTERM", "exit code: 143"])
    last = json.loads(call("show", run.path, "-f", "--json").stdout.splitlines()[-1])
    assert (last["event"], last["status"], last["exit_code"]) == ("run_stopped", "interrupted", 143)


def test_ctrl_c_leaves_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    run = make_run(tmp_path)
    monkeypatch.setattr("dnnctl.commands.follow.follow.__kwdefaults__", {"n_before": None, "wait": interrupt})
    with hold(run.folder.lock):
        done = call("show", run.path, "--follow")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"run {run.id}, running after 0 epochs\n"


def test_on_a_terminal_it_is_shown_as_training_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run: RunRecord = store_run(tmp_path, epochs=3, training={"epochs": 3})
    file = io.StringIO()
    monkeypatch.setattr("dnnctl.cli.follow.is_live", lambda: True)
    monkeypatch.setattr("dnnctl.cli.live.Console", lambda **_: Console(file=file, force_terminal=True, width=80))
    assert call("show", run.path, "--follow").exit_code == 0
    printed = file.getvalue()
    assert "epoch 3/3" in printed
    assert "next:  dnnctl show" in printed
