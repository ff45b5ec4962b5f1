"""`train --seeds N --folds K`: which spec each process gets."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from dnnctl.commands import repetitions
from dnnctl.errors import SpecError
from dnnctl.specs import digest, load
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

    monkeypatch.setattr(repetitions, "_run_and_forward_signals", record)
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
    repetitions.train_repetitions(load(path), path, tmp_path / "runs", n_seeds=3, notify=heard.append)
    assert reused == [ids[42], ids[43], ids[44]]
    assert heard == ["model.reuse.run: each seed reuses the run named base with the same seed."]


def test_without_a_run_for_each_seed_all_reuse_the_newest(tmp_path: Path, reused: list[str]) -> None:
    runs = [store_run(tmp_path / "runs", "base", seed=seed) for seed in (42, 43)]
    for run in runs:
        run.folder.model.write_bytes(b"model")
    path, heard = write_spec(tmp_path, model=REUSE), []
    repetitions.train_repetitions(load(path), path, tmp_path / "runs", n_seeds=3, notify=heard.append)
    assert reused == [runs[1].id] * 3
    assert heard == [f"model.reuse.run: 2 runs are named base; using the newest run with a model, {runs[1].id}."]


def test_each_seed_is_trained_with_each_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The specs of the processes are the given one but for seed and fold, and their runs are found again."""
    path, specs = write_spec(tmp_path), []

    def record(command: list[str]) -> int:
        loaded = load(path, [value for option, value in pairwise(command) if option == "--set"])
        specs.append(loaded.spec)
        store_run(tmp_path / "runs", loaded.spec.name, seed=loaded.spec.seed, spec_digest=digest(loaded.spec))
        return 0

    monkeypatch.setattr(repetitions, "_run_and_forward_signals", record)
    result = repetitions.train_repetitions(load(path), path, tmp_path / "runs", n_seeds=2, n_folds=3)
    found = [(spec.seed, spec.data.validation.fold.number) for spec in specs]
    assert found == [(seed, fold) for seed in (42, 43) for fold in (0, 1, 2)]
    assert {(spec.data.validation.size, spec.data.validation.fold.k) for spec in specs} == {("none", 3)}
    assert [run.facts.seed for run in result.runs] == [42, 42, 42, 43, 43, 43]


def test_a_spec_in_a_pipe_is_refused(tmp_path: Path, reused: list[str]) -> None:
    """Each seed's process would read the pipe, which gives its text only once."""
    with pytest.raises(SpecError, match="must be read more than once"):
        repetitions.train_repetitions(load(write_spec(tmp_path)), Path("/dev/null"), tmp_path / "runs", n_seeds=2)
    assert reused == []


@pytest.mark.parametrize(("codes", "trained"), [([0, 3, 0], [0, 3, 0]), ([0, 2, 0], [0, 2]), ([-15], [143])])
def test_only_a_run_that_diverges_does_not_end_the_others(
    codes: list[int], trained: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that a signal ended has the exit code of a shell."""
    path, waiting = write_spec(tmp_path), iter([*codes, 0])
    monkeypatch.setattr(repetitions, "_run_and_forward_signals", lambda _: next(waiting))
    result = repetitions.train_repetitions(load(path), path, tmp_path / "runs", n_seeds=len(codes))
    assert result.codes == trained


def test_after_the_last_seed_follows_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, started = write_spec(tmp_path, seed=2**32 - 1), []
    monkeypatch.setattr(repetitions, "_run_and_forward_signals", lambda _: 0)
    repetitions.train_repetitions(
        load(path), path, tmp_path / "runs", n_seeds=2, on_start=lambda each, _: started.append(each.seed)
    )
    assert started == [2**32 - 1, 0]
