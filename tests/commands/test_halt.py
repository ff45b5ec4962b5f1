"""Whether a trial is stopped: by the rows of the other trials in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dnnctl.commands.halt import halt_of
from dnnctl.errors import RunError
from dnnctl.store.trials import read_trials
from dnnctl.store.writer import RunWriter
from stored_trials import store_trial

PLAN: dict[str, Any] = {
    "name": "net",
    "spec": "net.yaml",
    "parameters": {"optimizer.learning_rate": [0.1]},
    "search": {"kind": "random", "trials": 9},
    "objective": {"metric": "val_accuracy"},
    "prune": {"kind": "median", "startup": 2, "warmup": 1},
    "workers": 1,
}


@pytest.fixture
def writer(tmp_path: Path) -> Any:
    """That of trial 9, after two finished trials and one that was stopped."""
    for number, curve in enumerate([[0.5, 0.7], [0.5, 0.8]], 1):
        store_trial(tmp_path, number, curve, plan=PLAN)
    store_trial(tmp_path, 3, [0.1], plan=PLAN, state="stopped")
    trial = store_trial(tmp_path, 9, [0.5], plan=PLAN, state="unfinished")
    with RunWriter.open(trial.run) as writer:
        yield writer


def test_a_trial_that_is_worse_than_the_median_is_stopped_and_marked(writer: RunWriter, tmp_path: Path) -> None:
    """The median of the finished trials at epoch 2 is 0.75; the mark is on disk before training ends."""
    halt = halt_of(writer)
    assert halt is not None
    assert halt({"epoch": 2, "val_accuracy": 0.74})
    facts = next(trial for trial in read_trials(tmp_path, "net") if trial.number == 9).facts
    assert (facts.stopped, facts.reason) == (2, "its best value 0.7400 is worse than the median 0.7500 at epoch 2")


@pytest.mark.parametrize("row", [{"epoch": 2, "val_accuracy": 0.76}, {"epoch": 1, "val_accuracy": 0.1}, {"epoch": 2}])
def test_other_trials_continue(writer: RunWriter, row: dict[str, Any]) -> None:
    """One that is better, one that is warming up, and an epoch without validation."""
    halt = halt_of(writer)
    assert halt is not None
    assert not halt(row)
    assert writer.facts.trial is not None
    assert writer.facts.trial.stopped is None


def test_a_decision_is_not_taken_back(writer: RunWriter) -> None:
    """The process was killed after the decision: the same epoch ends training again, whatever the others do."""
    halt = halt_of(writer)
    assert halt is not None
    assert halt({"epoch": 2, "val_accuracy": 0.0})
    again = halt_of(writer)
    assert again is not None
    assert [again({"epoch": epoch, "val_accuracy": 1.0}) for epoch in (1, 2)] == [False, True]


def test_trials_that_finish_meanwhile_are_heard_of(writer: RunWriter, tmp_path: Path) -> None:
    halt = halt_of(writer)
    assert halt is not None
    assert not halt({"epoch": 2, "val_accuracy": 0.76})
    for number in (4, 5, 6):
        store_trial(tmp_path, number, [0.5, 0.9, 0.95], plan=PLAN)
    assert halt({"epoch": 3, "val_accuracy": 0.76})


def test_a_run_without_a_sweep_and_a_confirming_run_are_never_stopped(tmp_path: Path) -> None:
    runs = [
        store_trial(tmp_path, 1, [0.5], plan=PLAN, confirms=1, state="unfinished").run,
        store_trial(tmp_path, 2, [0.5], plan=PLAN | {"prune": {"kind": "none"}}, state="unfinished").run,
    ]
    for run in runs:
        with RunWriter.open(run) as writer:
            assert halt_of(writer) is None


def test_a_damaged_plan_is_a_clear_error(tmp_path: Path) -> None:
    run = store_trial(tmp_path, 1, [0.5], plan={"prune": {"kind": "median"}}, state="unfinished").run
    with RunWriter.open(run) as writer, pytest.raises(RunError, match=r"trial.plan is not a sweep"):
        halt_of(writer)
