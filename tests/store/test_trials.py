"""The trials of a sweep are found by the names of their runs, and are what run.json says."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.errors import RunError
from dnnctl.store.record import RunRecord
from dnnctl.store.trials import (
    TrialState,
    confirming_runs,
    load_trials,
    number_ranges,
    own_trials,
    read_trials,
    started_folders,
    sweep_names,
    trial_name,
)
from stored import store_run
from stored_trials import store_trial


@pytest.mark.parametrize("state", ["finished", "stopped", "diverged", "failed", "unfinished"])
def test_a_trial_has_the_state_of_its_run(state: str, tmp_path: Path) -> None:
    store_trial(tmp_path, 1, [0.5], state=state)
    (trial,) = read_trials(tmp_path, "net")
    assert trial.state == TrialState(state)
    assert trial.state.is_over == (state != "unfinished")


def test_the_trials_of_other_sweeps_and_other_runs_are_left_out(tmp_path: Path) -> None:
    for number in (2, 1):
        store_trial(tmp_path, number, [0.5])
    store_trial(tmp_path, 1, [0.5], confirms=2)
    store_trial(tmp_path, 1, [0.5], sweep="net-0001")
    store_trial(tmp_path, 1, [0.5], sweep="ne")
    store_run(tmp_path, "net-0007")
    store_run(tmp_path, "net")
    found = read_trials(tmp_path, "net")
    assert [trial.number for trial in own_trials(found)] == [1, 2]
    assert [(trial.number, trial.facts.confirms) for trial in confirming_runs(found)] == [(1, 2)]
    assert {"net", "ne", "net-0001"} <= set(sweep_names(tmp_path))


def test_a_sweep_that_is_not_there_is_named_with_a_near_one(tmp_path: Path) -> None:
    store_trial(tmp_path, 1, [0.5], sweep="width-and-rate")
    with pytest.raises(RunError, match=r"no sweep 'width-and-rat' in .*Did you mean width-and-rate"):
        load_trials("width-and-rat", tmp_path)


def test_only_folders_that_a_killed_process_left_are_unfinished_folders(tmp_path: Path) -> None:
    """A folder is a trial's once run.json is there; others belong to someone else."""
    store_trial(tmp_path, 1, [0.5])
    for name in ("net-0002", "net-0003-confirm-1", "net", "other-0002"):
        (tmp_path / f"20260101-000000-{name}-beef").mkdir()
    assert [run.name for run in started_folders(tmp_path, "net")] == ["net-0002", "net-0003-confirm-1"]


def test_a_trial_that_ends_while_it_is_read_is_read_as_it_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts that are read before the status may be older than it: a stopped trial would be a finished one."""
    store_trial(tmp_path, 1, [0.5], state="stopped")
    order = []
    status, facts = RunRecord.status, RunRecord.facts
    monkeypatch.setattr(RunRecord, "status", property(lambda run: (order.append("status"), status.func(run))[1]))
    monkeypatch.setattr(RunRecord, "facts", property(lambda run: (order.append("facts"), facts.fget(run))[1]))
    read_trials(tmp_path, "net")
    assert order[0] == "status"


def test_the_value_of_a_trial_is_that_of_its_best_epoch(tmp_path: Path) -> None:
    trial = store_trial(tmp_path, 3, [0.5, 0.7, 0.8])
    assert trial.value("val_accuracy") == 0.8
    assert (trial.value("parameters"), trial.value("training_seconds")) == (30, 3.0)
    assert trial.value("val_loss") is None
    assert trial.curve("val_accuracy") == {1: 0.5, 2: 0.7, 3: 0.8}


def test_names_of_trials_sort_as_their_numbers() -> None:
    assert trial_name("net", 7) == "net-0007"
    assert trial_name("net", 7, 2) == "net-0007-confirm-2"


def test_numbers_in_words() -> None:
    assert number_ranges([4, 1, 2, 6, 3]) == "1-4, 6"
    assert number_ranges([]) == ""
