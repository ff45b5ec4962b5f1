"""The part of a run that one process trains."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from command_line import call
from dnnctl.commands.train import train
from dnnctl.errors import DivergedError, InterruptedRunError, RunError
from dnnctl.events.event import Event, RunEnded
from dnnctl.specs import load
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


@pytest.mark.heavy
def test_advice_at_the_end_has_the_line_to_change(tmp_path: Path) -> None:
    """Also in log.txt; `show` and `report` read it from the record of the run. A value of --set has no line."""
    spec = write_spec(tmp_path, optimizer={"kind": "sgd", "learning_rate": 0.3}, training={"epochs": 3})
    events: list[Event] = []
    run = train(spec, runs_dir=tmp_path / "runs", report=events.append)
    (found,) = (each for event in events if isinstance(event, RunEnded) for each in event.advice)
    (number,) = (number for number, line in enumerate(spec.read_text().splitlines(), 1) if "epochs: 3" in line)
    assert (found.changes, found.places) == (("training.epochs: 6",), (f"{spec}:{number}",))
    assert f"# advice: {found}\n" in run.folder.log.read_text()
    assert f"advice (1)  {found.reason}" in call("show", run.path).stdout
    assert call("report", run.path, "-o", tmp_path / "report.html").exit_code == 0
    assert f"Advice: {found.reason} Change training.epochs: 6<" in (tmp_path / "report.html").read_text()
    events.clear()
    train(load(spec, ["training.epochs=4"]), runs_dir=tmp_path / "runs", report=events.append)
    assert [each.places for event in events if isinstance(event, RunEnded) for each in event.advice] == [("",)]
