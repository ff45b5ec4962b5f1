"""A full disk, a quota or a removed folder ends training with an error; what was saved before is intact."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import forked
from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.errors import RunError
from dnnctl.events.event import EpochEnded, Event, RunOpened
from dnnctl.runner.checkpointing import checkpointer as checkpointer
from dnnctl.runner.checkpointing.metric_log import MetricLog
from dnnctl.store import checkpoint, writer
from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.record import RunRecord, Status
from recipes import spec_of
from sample_specs import outcome, write_spec

RECIPE = "dropout, Nadam, XLA"


STAGES: dict[str, tuple[Any, str]] = {
    "a row of metrics": (MetricLog, "add_row"),
    "the arrays": (checkpointer, "_write_arrays"),
    "making durable": (checkpoint, "sync"),
    "putting in place": (checkpoint, "_put_in_place"),
    "removing old ones": (writer, "remove_old"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_loses_nothing(
    stage: str, run: Path, broken: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it happens: the error names the command to continue, and resuming gives the same bits."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(*STAGES[stage], full)
        with pytest.raises(RunError, match=f"No space left on device.*dnnctl resume {run}"):
            resume(run)
    assert RunRecord.at(run).status == Status.FAILED
    assert list_checkpoints(run / "checkpoints")[-1].damage() is None
    assert outcome(resume(run)) == broken[1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"file systems cannot be mounted here: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", str(path)], check=True)


@pytest.mark.parametrize("left", [0, 4096, 8192])
def test_a_disk_that_fills_during_training(
    left: int, small_disk: Path, tmp_path: Path, broken: tuple[Path, dict[str, Any]]
) -> None:
    """After the second epoch too little room is left for a checkpoint; resuming later gives the same bits."""
    filler = small_disk / "filler"
    is_filling = False

    def fill(event: Event) -> None:
        """Repeatedly, because the removal of older checkpoints frees room."""
        nonlocal is_filling
        is_filling = is_filling or (isinstance(event, EpochEnded) and event.row["epoch"] == 2)
        if is_filling:
            with filler.open("ab") as file:
                file.write(b"\0" * max(0, shutil.disk_usage(small_disk).free - left))

    with pytest.raises(RunError, match="No space left on device"):
        train(spec_of(RECIPE, tmp_path), runs_dir=small_disk, report=fill)
    (path,) = (entry for entry in small_disk.iterdir() if entry.is_dir())
    assert RunRecord.at(path).status in (Status.FAILED, Status.LOST)
    assert list_checkpoints(path / "checkpoints")[-1].damage() is None
    filler.unlink()
    assert outcome(resume(path)) == broken[1]


def test_too_little_room_is_an_error_before_the_first_epoch(small_disk: Path, tmp_path: Path) -> None:
    model = {"layers": ["flatten", {"kind": "dense", "units": 3000}]}
    with pytest.raises(RunError, match=r"Training needs about \d MB in .*, but only 1 MB are free"):
        train(write_spec(tmp_path, model=model), runs_dir=small_disk)


def test_a_quota_ends_training_with_a_clear_error(tmp_path: Path) -> None:
    """The system limits the size of files to less than a checkpoint."""
    words = ("train", spec_of(RECIPE, tmp_path), "--runs-dir", tmp_path / "runs")
    done = forked.run(forked.dnnctl, *words, limits={resource.RLIMIT_FSIZE: 9000})
    (path,) = (tmp_path / "runs").iterdir()
    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert f"dnnctl resume {path}" in done.stderr
    assert "Traceback" not in done.stderr
    assert RunRecord.at(path).status == Status.FAILED


def test_a_folder_that_is_removed_ends_training_with_a_clear_error(tmp_path: Path) -> None:
    opened: list[RunOpened] = []

    def take_away(event: Event) -> None:
        if isinstance(event, RunOpened):
            opened.append(event)
        if isinstance(event, EpochEnded) and event.row["epoch"] == 2:
            Path(opened[0].path).rename(tmp_path / "elsewhere")

    with pytest.raises(RunError, match="was deleted or moved during training"):
        train(write_spec(tmp_path, training={"batch_size": 16, "epochs": 50}), runs_dir=tmp_path, report=take_away)


def test_any_error_in_the_thread_ends_training(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise training would continue for days without checkpoints."""

    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("not an error of the disk")

    with monkeypatch.context() as patch:
        patch.setattr(checkpointer, "_write_arrays", fail)
        with pytest.raises(ValueError, match="not an error of the disk"):
            resume(run)
    assert RunRecord.at(run).status == Status.FAILED
