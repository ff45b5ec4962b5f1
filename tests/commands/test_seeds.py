"""`train --seeds N`: which run each seed reuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.commands import seeds
from dnnctl.errors import SpecError
from dnnctl.specs import load
from sample_specs import write_spec
from stored import store_run

REUSE = {"layers": ["flatten", {"kind": "dense", "units": 8}], "reuse": {"run": "base", "layers": "all_but_last"}}


@pytest.fixture
def reused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The values of model.reuse.run that the seeds' processes are started with; no process is."""
    found: list[str] = []

    def record(command: list[str]) -> int:
        values = [each.partition("=")[2] for each in command if each.startswith("model.reuse.run=")]
        found.append(values[-1])
        return 0

    monkeypatch.setattr(seeds, "_run_and_forward_signals", record)
    return found


@pytest.mark.parametrize("trained", [[42, 43, 44], [44, 42, 42, 43]])
def test_each_seed_reuses_the_run_of_the_same_seed(trained: list[int], tmp_path: Path, reused: list[str]) -> None:
    ids = {}
    for seed in trained:
        run = store_run(tmp_path / "runs", "base", seed=seed)
        run.folder.model.write_bytes(b"model")
        ids[seed] = run.id
    store_run(tmp_path / "runs", "base", seed=43)  # has no model
    path, heard = write_spec(tmp_path, model=REUSE), []
    seeds.train_seeds(load(path), path, 3, tmp_path / "runs", notify=heard.append)
    assert reused == [ids[42], ids[43], ids[44]]
    assert heard == ["model.reuse.run: each seed reuses the run named base with the same seed."]


def test_without_a_run_for_each_seed_all_reuse_the_newest(tmp_path: Path, reused: list[str]) -> None:
    runs = [store_run(tmp_path / "runs", "base", seed=seed) for seed in (42, 43)]
    for run in runs:
        run.folder.model.write_bytes(b"model")
    path, heard = write_spec(tmp_path, model=REUSE), []
    seeds.train_seeds(load(path), path, 3, tmp_path / "runs", notify=heard.append)
    assert reused == [runs[1].id] * 3
    assert heard == [f"model.reuse.run: 2 runs are named base; using the newest run with a model, {runs[1].id}."]


def test_a_spec_in_a_pipe_is_refused(tmp_path: Path, reused: list[str]) -> None:
    """Each seed's process would read the pipe, which gives its text only once."""
    with pytest.raises(SpecError, match="must be read more than once"):
        seeds.train_seeds(load(write_spec(tmp_path)), Path("/dev/null"), 2, tmp_path / "runs")
    assert reused == []
