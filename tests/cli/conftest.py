"""Runs that the light commands read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnnctl.store.blueprint import Blueprint
from dnnctl.store.files import append_json_line, write_json
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from stored import store_run

NETS = (("good", 9, "auto"), ("bad", 5, "mse"))
"""For each run its name, how many of ten test examples it gets right, and its loss."""


@pytest.fixture
def run(tmp_path: Path) -> RunRecord:
    with RunWriter.create(tmp_path / "runs", Blueprint("net", "beef", "spec: 1\n", "source: 1\n", seed=3)) as writer:
        record = writer.read()
    row = {"epoch": 1, "step": 10, "seconds": 0.5, "learning_rate": 0.1, "loss": 0.7, "accuracy": 0.8, "val_loss": None}
    append_json_line(record.folder.metrics, row)
    return record


@pytest.fixture
def finished(run: RunRecord) -> RunRecord:
    summary = {
        "stopped_early": False, "epochs": 1, "best_epoch": 1, "monitor": "val_loss", "seconds": 75.0,
        "validation": None, "test": {"loss": 0.5, "accuracy": 0.9},
    }  # fmt: skip
    write_json(run.folder.summary, summary)
    return run


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunRecord]:
    """Two finished runs: `good` and then `bad`, which has another loss."""
    directory = tmp_path / "runs"
    monkeypatch.setenv("DNNCTL_RUNS_DIR", str(directory))
    rest = np.arange(400) % 10
    good, bad = (store_run(directory, name, right=rest < n, seed=n, loss=loss) for name, n, loss in NETS)
    assert bad.summary is not None
    with RunWriter.open(bad) as writer:
        writer.write_summary(replace(bad.summary, loss="mse"))
        return [good, writer.read()]
