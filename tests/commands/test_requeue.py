"""`train --or-resume`: which run it continues, and that two processes never start two."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from dnnctl import train
from dnnctl.commands.requeue import newest_run, opened_or_created
from dnnctl.commands.train import create_run, plan_run
from dnnctl.errors import DivergedError, InterruptedRunError, RunError
from dnnctl.events.event import EpochEnded, Event
from dnnctl.specs import LoadedSpec, load
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.catalog import keep_silent, list_runs
from dnnctl.store.facts import HistoryEntry, ParentFacts, TrialFacts
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter
from sample_specs import outcome, write_spec
from stored import store_run


def started(directory: Path, loaded: LoadedSpec, **facts: Any) -> RunRecord:
    """A run that `train` has made, whose process was killed before the first checkpoint."""
    run = RunRecord.at(create_run(loaded, directory, keep_silent))
    with RunWriter.open(run) as writer:
        writer.add_facts(**facts)
        return writer.read()


def planned(loaded: LoadedSpec, directory: Path) -> tuple[LoadedSpec, Blueprint]:
    return plan_run(loaded, directory, keep_silent)


def test_only_a_run_of_the_same_spec_is_continued(tmp_path: Path) -> None:
    """Not one with another seed or name, not a fork, not a trial, whatever their digests."""
    path, runs = write_spec(tmp_path), tmp_path / "runs"
    loaded = load(path)
    started(runs, load(path, ["seed=7"]))
    started(runs, load(path, ["name=other"]))
    started(runs, loaded, parent=ParentFacts("a", "b", 1, 1))
    started(runs, loaded, trial=TrialFacts("sweep", 1))
    assert newest_run(loaded.spec, runs) is None
    older, newer = started(runs, loaded), started(runs, loaded)
    assert older.id != newer.id
    found = newest_run(load(path).spec, runs)
    assert found is not None
    assert found.id == newer.id


def test_a_reused_run_is_the_one_that_was_reused_then(tmp_path: Path) -> None:
    """A newer run of that name does not make it another spec; another name does."""
    runs = tmp_path / "runs"
    for number in (1, 2):
        store_run(runs, "donor", seed=number).folder.model.touch()
    path = write_spec(tmp_path)
    run = started(runs, load(path, ["model.reuse.run=donor"]))
    store_run(runs, "donor", seed=3).folder.model.touch()
    other = store_run(runs, "another", seed=3)
    for reference in ("donor", run.spec["model"]["reuse"]["run"]):
        found = newest_run(load(path, [f"model.reuse.run={reference}"]).spec, runs)
        assert found is not None
        assert found.id == run.id
    for reference in ("another", other.id):
        assert newest_run(load(path, [f"model.reuse.run={reference}"]).spec, runs) is None


def test_the_epochs_of_a_budget_are_those_that_were_chosen_then(tmp_path: Path) -> None:
    path, runs = write_spec(tmp_path, training={"batch_size": 16}), tmp_path / "runs"
    settled = load(path, ["training.budget={minutes: 60, epochs: 37}"])
    run = started(runs, settled)
    for budget, expected in (("{minutes: 60}", [run.id]), ("{minutes: 59}", []), ("{minutes: 60, epochs: 36}", [])):
        found = newest_run(load(path, [f"training.budget={budget}"]).spec, runs)
        assert [each.id for each in [found] if each] == expected


def test_of_two_processes_at_once_one_gets_the_run_and_the_other_an_error(tmp_path: Path) -> None:
    """Also if both have found that there is no run yet, and have planned one."""
    loaded, runs = load(write_spec(tmp_path)), tmp_path / "runs"
    with ExitStack() as first:

        def plan() -> tuple[LoadedSpec, Blueprint]:
            first.enter_context(opened_or_created(loaded.spec, runs, lambda: planned(loaded, runs)))
            return planned(loaded, runs)

        second = opened_or_created(loaded.spec, runs, plan)
        with pytest.raises(RunError, match="is being trained by pid"), second:
            pytest.fail("both train")
        assert len(list_runs(runs)) == 1


def test_a_diverged_run_is_an_error_with_its_own_exit_code(tmp_path: Path) -> None:
    loaded, runs = load(write_spec(tmp_path)), tmp_path / "runs"
    with RunWriter.open(started(runs, loaded)) as writer:
        writer.add_history(HistoryEntry("ended", end="diverged"))
    with pytest.raises(DivergedError, match="would diverge again"):
        train(loaded, runs_dir=runs, or_resume=True)
    assert len(list_runs(runs)) == 1


@pytest.mark.heavy
@pytest.mark.parametrize("is_new", [False, True])
def test_a_requeued_run_has_the_bits_of_an_undisturbed_one(is_new: bool, tmp_path: Path) -> None:
    """Whether it was killed before its first checkpoint, or interrupted; a third start changes nothing."""
    loaded, runs = load(write_spec(tmp_path)), tmp_path / "runs"

    def stop(event: Event) -> None:
        if isinstance(event, EpochEnded):
            signal.raise_signal(signal.SIGUSR1)

    if is_new:
        before = started(runs, loaded)
    else:
        with pytest.raises(InterruptedRunError):
            train(loaded, runs_dir=runs, or_resume=True, report=stop)
        (before,) = list_runs(runs)
        assert before.epochs == 1
    run = train(loaded, runs_dir=runs, or_resume=True)
    assert run.id == before.id
    assert outcome(run) == outcome(train(loaded, runs_dir=tmp_path / "alone"))
    history = run.folder.history.read_bytes()
    assert train(loaded, runs_dir=runs, or_resume=True).id == run.id
    assert run.folder.history.read_bytes() == history
