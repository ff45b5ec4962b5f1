"""The part of a run that one process trains."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from dnnctl.commands.train import train
from dnnctl.errors import DivergedError, InterruptedRunError, RunError
from dnnctl.store.catalog import list_runs
from dnnctl.store.writer import RunWriter
from sample_specs import write_spec


def test_a_folder_that_tensorflow_cannot_name_is_refused(tmp_path: Path) -> None:
    """TensorBoard's writer takes UTF-8; the run would otherwise fail after its first epoch. Nothing is left."""
    runs = tmp_path / os.fsdecode(b"b\xff")
    with pytest.raises(RunError, match=r"not UTF-8 text\. Choose another --runs-dir"):
        train(write_spec(tmp_path), runs_dir=runs)
    assert list(runs.iterdir()) == []


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DivergedError("x"), 3),
        (InterruptedRunError("interrupted by SIGTERM", signal.SIGTERM), 143),
        (KeyboardInterrupt(), 130),
        (RunError("x"), 2),
        (OSError(24, "x"), 2),
        (ZeroDivisionError("x"), 1),
    ],
)
def test_the_exit_code_is_recorded(
    error: BaseException, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code is the one that `failures_reported` ends the process with."""

    def fail(_spec: object, writer: RunWriter, *_: object, **_options: object) -> None:
        writer.start("started")
        raise error

    monkeypatch.setattr("dnnctl.runner.trainer.run_training", fail)
    with pytest.raises(type(error)):
        train(write_spec(tmp_path), runs_dir=tmp_path / "runs")
    (run,) = list_runs(tmp_path / "runs")
    assert (run.history[-1].event, run.history[-1].exit_code) == ("ended", code)
