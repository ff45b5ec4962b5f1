"""`train --seeds N --workers W`: the runs of `train --seeds N`, trained at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl import train
from dnnctl.commands import parallel_repetitions
from dnnctl.commands.parallel_repetitions import train_in_workers
from dnnctl.commands.train import create_run
from dnnctl.errors import DivergedError, RunError, UserError
from dnnctl.specs import load
from dnnctl.store.catalog import keep_silent
from dnnctl.store.facts import HistoryEntry, Summary
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from fake_workers import FakeWorkers
from sample_specs import outcome, write_spec


def fake(monkeypatch: pytest.MonkeyPatch, codes: list[int], *, discards: bool = False) -> FakeWorkers:
    """Workers that end the runs with these exit codes, without training anything."""
    workers = FakeWorkers(1, {})
    wait = workers.wait

    def wait_and_end() -> Any:
        code = codes.pop(0)
        messages = wait()
        for message in messages:
            message.content.update(exit_code=code, message="" if code in (0, DivergedError.exit_code) else "it failed")
            if discards:
                for file in message.run.iterdir():
                    file.unlink()
                message.run.rmdir()
        return messages

    workers.wait = wait_and_end  # type: ignore[method-assign]
    monkeypatch.setattr(parallel_repetitions, "start_workers", lambda *_, **__: workers)
    return workers


def test_only_a_run_that_diverges_does_not_end_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As without workers."""
    path, heard = write_spec(tmp_path), []
    fake(monkeypatch, [0, 3, 2])
    result = train_in_workers(load(path), path, tmp_path / "runs", n_workers=1, n_seeds=4, notify=heard.append)
    assert result.codes == [0, 3, 2]
    assert [run.facts.seed for run in result.runs] == [42, 43, 44]
    assert heard == ["it failed"]


def test_wrong_input_is_an_error_and_leaves_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_spec(tmp_path)
    fake(monkeypatch, [2], discards=True)
    with pytest.raises(UserError, match="it failed"):
        train_in_workers(load(path), path, tmp_path / "runs", n_workers=1, n_seeds=2)


def test_each_seed_is_trained_with_each_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_spec(tmp_path)
    fake(monkeypatch, [0] * 4)
    result = train_in_workers(load(path), path, tmp_path / "runs", n_workers=1, n_seeds=2, n_folds=2)
    folds = [run.spec["data"]["validation"]["fold"] for run in result.runs]
    assert [(run.facts.seed, fold["number"], fold["k"]) for run, fold in zip(result.runs, folds, strict=True)] == [
        (42, 0, 2),
        (42, 1, 2),
        (43, 0, 2),
        (43, 1, 2),
    ]


@pytest.mark.heavy
def test_a_run_has_the_bits_of_one_that_was_trained_alone(tmp_path: Path) -> None:
    path = write_spec(tmp_path)
    result = train_in_workers(load(path), path, tmp_path / "runs", n_workers=1, n_seeds=2)
    assert result.codes == [0, 0]
    alone = train(load(path, ["seed=43"]), runs_dir=tmp_path / "alone")
    assert outcome(result.runs[1]) == outcome(alone)


def test_after_a_requeue_only_what_is_unfinished_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished and diverged runs keep their exit codes, an unfinished one is continued, the others are new."""
    path, runs = write_spec(tmp_path), tmp_path / "runs"
    ends = ["finished", "diverged", "interrupted"]
    before = []
    for seed, end in enumerate(ends, 42):
        run = RunRecord.at(create_run(load(path, [f"seed={seed}"]), runs, keep_silent))
        with RunWriter.open(run) as writer:
            writer.add_history(HistoryEntry("ended", end=end))
            if end == "finished":
                writer.write_summary(Summary(epochs=3, monitor="val_loss"))
        before.append(run.id)
    workers = fake(monkeypatch, [0, 0])
    result = train_in_workers(load(path), path, runs, n_workers=1, n_seeds=4, or_resume=True)
    assert [run.id for run in result.runs[:3]] == before
    assert result.codes == [0, 3, 0, 0]
    assert workers.given == [before[2], result.runs[3].id]


def test_two_requeued_jobs_do_not_share_the_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, runs = write_spec(tmp_path), tmp_path / "runs"
    again: list[str] = []

    def train_again(*_: object) -> None:
        with pytest.raises(RunError, match="Training of small is being run by pid") as caught:
            train_in_workers(load(path), path, runs, n_workers=1, n_seeds=2, or_resume=True)
        again.append(str(caught.value))

    fake(monkeypatch, [0, 0])
    train_in_workers(load(path), path, runs, n_workers=1, n_seeds=2, or_resume=True, on_event=train_again)
    assert again
