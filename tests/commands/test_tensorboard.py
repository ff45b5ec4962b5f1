"""What TensorBoard is started with; a short program stands in for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dnnctl.commands.tensorboard import show_in_tensorboard
from dnnctl.errors import UserError
from stored import store_run

LIST = """
import sys, pathlib
logs = pathlib.Path(sys.argv[2])
pathlib.Path({target!r}).write_text(repr((sorted(path.name for path in logs.iterdir()), sys.argv[3:])))
{then}
"""


def fake(monkeypatch: pytest.MonkeyPatch, target: Path, then: str = "sys.exit(7)") -> None:
    monkeypatch.setattr("dnnctl.commands.tensorboard.START", LIST.format(target=str(target), then=then))


def test_it_sees_the_chosen_runs_by_their_ids_or_the_whole_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its exit code is returned."""
    runs, target = [store_run(tmp_path / "runs", name) for name in ("a", "b", "c")], tmp_path / "seen"
    for run in runs:
        run.folder.tensorboard.mkdir()
    fake(monkeypatch, target)
    assert show_in_tensorboard(runs[:2], tmp_path / "runs", port=5) == 7
    assert target.read_text() == repr((sorted(run.id for run in runs[:2]), ["--port", "5"]))
    assert show_in_tensorboard([], tmp_path / "runs") == 7
    assert target.read_text() == repr((sorted(run.id for run in runs), []))


def test_runs_that_it_cannot_show_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no epoch has finished"):
        show_in_tensorboard([store_run(tmp_path)], tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        show_in_tensorboard([], tmp_path / "nowhere")
    monkeypatch.setattr("dnnctl.commands.tensorboard.find_spec", lambda _: None)
    with pytest.raises(UserError, match=r"pip install 'dnnctl\[tensorboard\]'"):
        show_in_tensorboard([], tmp_path)


@pytest.mark.usefixtures("restored_signals")
def test_ctrl_c_ends_it_without_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "seen"
    fake(monkeypatch, target, f"import os, signal, time; os.kill({os.getpid()}, signal.SIGINT); time.sleep(600)")
    assert show_in_tensorboard([], tmp_path) == 0
    assert target.exists()
