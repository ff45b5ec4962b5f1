"""`sweep`: whatever is killed, each setting is trained once and nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dnnctl import train
from dnnctl.commands.sweep import planned_trials, sweep
from dnnctl.commands.sweep_result import write_best
from dnnctl.commands.workers import workers
from dnnctl.errors import RunError
from dnnctl.events.sweep_event import SweepEvent, WorkerLost
from dnnctl.specs import load
from dnnctl.specs.reading.load_sweep import load_sweep
from dnnctl.store.catalog import list_runs
from dnnctl.store.record import Status
from sample_specs import outcome, write_spec

KILLED_WORKER = Path(__file__).parents[1] / "killed_worker.py"
RATES, UNITS = [0.3, 0.1, 0.01, 0.001], [4, 6, 8]


def write_sweep(folder: Path, name: str = "small-grid", **sections: Any) -> Path:
    """Write a sweep over 12 settings of a small net."""
    write_spec(folder)
    plain = {
        "name": name,
        "spec": "small.yaml",
        "parameters": {"optimizer.learning_rate": RATES, "model.layers.1.units": UNITS},
        "search": "grid",
        "objective": {"metric": "val_loss"},
        "workers": 2,
        **sections,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(plain, sort_keys=False))
    return path


class Killed:
    """A sweep of 12 trials with two workers, of which both are killed, and the coordinator once more."""

    def __init__(self, folder: Path) -> None:
        self.file = write_sweep(folder)
        self.runs_dir = folder / "runs"
        self.events: list[SweepEvent] = []
        self.left_over = self.runs_dir / "20260101-000000-small-grid-0003-beef"
        self.left_over.mkdir(parents=True)  # killed between the folder and its first file
        self.result = sweep(self.file, runs_dir=self.runs_dir, report=self.events.append)
        self.again: list[SweepEvent] = []
        self.files = {path: path.stat().st_mtime_ns for path in self.runs_dir.rglob("*")}
        sweep(self.file, runs_dir=self.runs_dir, report=self.again.append)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """Trial 2 dies in its second epoch, trial 5 before its first checkpoint is in place."""
    folder = tmp_path_factory.mktemp("sweep")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "WORKER", (sys.executable, str(KILLED_WORKER)))
        patch.setenv("KILLS", f"{folder} 2 after_row 2 5 before_rename 1")
        return Killed(folder)


@pytest.mark.heavy
def test_each_setting_is_trained_once_whatever_is_killed(killed: Killed) -> None:
    """The settings are the table that is known before the first trial, as a serial sweep would train it."""
    lost = [event.trial for event in killed.events if isinstance(event, WorkerLost)]
    assert sorted(lost) == [2, 5]
    settings = [trial.facts.setting for trial in killed.result.trials]
    assert settings == planned_trials(load_sweep(killed.file))
    assert settings == [
        {"optimizer.learning_rate": rate, "model.layers.1.units": units} for rate in RATES for units in UNITS
    ]
    assert [run.status for run in list_runs(killed.runs_dir)] == [Status.FINISHED] * 12
    assert not killed.left_over.exists()


@pytest.mark.heavy
@pytest.mark.parametrize("number", [2, 5])
def test_a_killed_trial_has_the_bits_of_an_undisturbed_run(killed: Killed, number: int, tmp_path: Path) -> None:
    run = killed.result.trials[number - 1].run
    assert [entry.event for entry in run.history if entry.event != "restored"] == ["started", "resumed", "ended"]
    undisturbed = train(run.folder.spec, runs_dir=tmp_path)
    assert outcome(run) == outcome(undisturbed)


@pytest.mark.heavy
def test_a_finished_sweep_does_nothing(killed: Killed) -> None:
    """Not even a worker is started."""
    assert [event.event for event in killed.again] == ["sweep_opened", "sweep_ended"]
    files = (path for path in killed.runs_dir.rglob("*") if not path.name.endswith(".lock"))
    after = {path: path.stat().st_mtime_ns for path in files}
    assert after == {path: changed for path, changed in killed.files.items() if path in after}


@pytest.mark.heavy
def test_the_best_spec_is_that_of_the_best_trial(killed: Killed, tmp_path: Path) -> None:
    path = tmp_path / "best.yaml"
    write_best(load_sweep(killed.file), killed.result, path)
    spec, best = load(path).spec, min(killed.result.trials, key=lambda trial: trial.value("val_loss") or 9.0)
    assert spec.optimizer.learning_rate == best.facts.setting["optimizer.learning_rate"]
    assert spec.model.layers[1].units == best.facts.setting["model.layers.1.units"]  # type: ignore[union-attr]
    assert spec.name == "small"


@pytest.mark.heavy
def test_another_sweep_of_the_same_name_is_refused(killed: Killed) -> None:
    file = write_sweep(killed.file.parent, objective={"metric": "val_accuracy"})
    with pytest.raises(RunError, match="another sweep named small-grid, which differs in objective"):
        sweep(file, runs_dir=killed.runs_dir)
    write_sweep(killed.file.parent)


@pytest.mark.heavy
@pytest.mark.usefixtures("restored_signals")
def test_ctrl_c_saves_the_trials_and_the_same_command_continues(tmp_path: Path) -> None:
    """Epochs enough for hours: the trials stop because they are told to, and are resumed where they were."""
    write_spec(tmp_path, training={"batch_size": 16, "epochs": 10**6})
    words = [str(tmp_path / "small.yaml"), "--vary", "seed=[1,2]", "--runs-dir", str(tmp_path / "runs"), "--json"]
    command = [sys.executable, "-m", "dnnctl", "sweep", *words, "--search", "grid", "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen: set[str] = set()
        for line in process.stdout:
            seen |= {run for run in ("-0001-", "-0002-") if "trial_epoch_ended" in line and run in line}
            if len(seen) == 2:
                break
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGINT
    assert f"next:  dnnctl sweep {words[0]} --vary" in errors
    runs = list_runs(tmp_path / "runs")
    assert [run.status for run in runs] == [Status.INTERRUPTED] * 2
    assert all(run.epochs > 0 for run in runs)
