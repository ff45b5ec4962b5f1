"""SLURM: what is submitted, and a sweep whose jobs die."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import fake_slurm
from dnnctl.commands.sweep import planned_trials, sweep
from dnnctl.commands.workers import remote_workers, slurm_launcher
from dnnctl.commands.workers.remote_workers import Call
from dnnctl.commands.workers.slurm_launcher import SlurmLauncher
from dnnctl.commands.workers.sweep_folder import Session, folder_of
from dnnctl.errors import RunError, UserError
from dnnctl.events.sweep_event import SweepEvent, TrialStarted, WorkerLost
from dnnctl.specs.reading.load_sweep import load_sweep
from dnnctl.specs.workers import Slurm
from dnnctl.store.catalog import list_runs
from dnnctl.store.record import Status
from remote import write_grid

KILLED_JOINER = Path(__file__).parents[2] / "killed_joiner.py"


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with SLURM; the folder of its jobs."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    monkeypatch.setenv("FAKE_SLURM", str(jobs))
    monkeypatch.setenv("PATH", f"{fake_slurm.install(tmp_path)}:{os.environ['PATH']}")
    monkeypatch.setattr(slurm_launcher, "PERIOD", 0.2)
    return jobs


def opened(tmp_path: Path, **keys: object) -> SlurmLauncher:
    launcher = SlurmLauncher.of(Slurm.model_validate({"kind": "slurm", "n": 8, **keys}), n_runs=100)
    session = Session(folder_of(tmp_path / "my runs", "net") / "today")
    session.path.mkdir(parents=True)
    launcher.open(Call(tmp_path / "my runs", "net", session, lambda _: None))
    return launcher


@pytest.mark.usefixtures("slurm")
def test_the_script_has_what_the_sweep_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm_launcher.sys, "executable", "/opt/python")
    opened(tmp_path, partition="gpu", time="01:00:00", cpus=4, gpus=1, options=["--mem=8G"])
    assert (
        (tmp_path / "my runs" / ".sweep-net" / "batch.sh").read_text()
        == f"""#!/bin/bash
# A worker of the sweep net, written and submitted by dnnctl sweep.
#SBATCH --no-requeue
#SBATCH --job-name=dnnctl-net-today
#SBATCH --partition=gpu
#SBATCH --time=01:00:00
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --gpus-per-node=1
#SBATCH --mem=8G
exec /opt/python -m dnnctl join net --runs-dir '{tmp_path}/my runs' --session today --worker \
"slurm-${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}" --threads 4
"""
    )


def test_jobs_are_known_by_name_until_they_end(slurm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_workers, "JOIN", ("-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(slurm_launcher, "PERIOD", 0.0)
    launcher = opened(tmp_path)
    assert launcher.start(2) == ["slurm-100_1", "slurm-100_2"]
    assert launcher.start(1) == ["slurm-101_1"]
    assert launcher.present() == {"slurm-100_1", "slurm-100_2", "slurm-101_1"}
    (tmp_path / "bin" / "squeue").write_text("#!/bin/sh\nexit 1\n")  # its server is busy
    assert len(launcher.present()) == 3
    launcher.close()
    pids = [int(path.read_text().split()[0]) for path in slurm.glob("*.task")]
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
        pass


@pytest.mark.usefixtures("slurm")
def test_a_job_that_slurm_refuses_is_reported_in_its_words(tmp_path: Path) -> None:
    launcher = opened(tmp_path)
    (tmp_path / "bin" / "sbatch").write_text("#!/bin/sh\necho 'error: invalid partition' >&2\nexit 1\n")
    with pytest.raises(UserError, match=r"sbatch refuses .*batch\.sh: error: invalid partition"):
        launcher.start(1)


@pytest.mark.usefixtures("slurm")
def test_jobs_that_end_at_once_end_the_sweep_with_what_they_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a node that has no dnnctl."""
    monkeypatch.setattr(remote_workers, "JOIN", ("-m", "no_such_module"))
    file = write_grid(tmp_path, workers={"kind": "slurm", "n": 2})
    with pytest.raises(RunError, match=r"slurm-100_\d ended before it could join the sweep:\n.*No module named"):
        sweep(file, runs_dir=tmp_path / "runs")
    assert [path.name for path in (tmp_path / "runs" / ".sweep-grid").iterdir()] == ["batch.sh"]


@pytest.mark.heavy
def test_a_job_that_dies_is_submitted_again_and_its_trial_resumed(
    slurm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting is trained once, as by processes. The job of trial 2 is killed in its second epoch."""
    monkeypatch.setattr(remote_workers, "JOIN", (str(KILLED_JOINER),))
    monkeypatch.setenv("KILLS", f"{tmp_path} 2 after_row 2")
    file = write_grid(tmp_path, workers={"kind": "slurm", "n": 1})
    events: list[SweepEvent] = []
    result = sweep(file, runs_dir=tmp_path / "runs", report=events.append)
    assert [trial.facts.setting for trial in result.trials] == planned_trials(load_sweep(file))
    assert [run.status for run in list_runs(tmp_path / "runs")] == [Status.FINISHED] * 3
    assert [event.trial for event in events if isinstance(event, WorkerLost)] == [2]
    assert [event.trial for event in events if isinstance(event, TrialStarted) and event.is_resumed] == [2]
    assert sorted(path.stem for path in slurm.glob("*.task")) == ["100_1", "101_1"]
    again: list[SweepEvent] = []
    sweep(file, runs_dir=tmp_path / "runs", report=again.append)
    assert [event.event for event in again] == ["sweep_opened", "sweep_ended"]
    assert len(list(slurm.glob("*.job"))) == 2
