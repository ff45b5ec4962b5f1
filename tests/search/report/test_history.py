"""The history of a sweep: the best so far, and time without pauses."""

from __future__ import annotations

from pathlib import Path

import pytest

from dnnctl.search.report.history import best_so_far, busy_seconds
from dnnctl.store.facts import HistoryEntry, TrialFacts
from dnnctl.store.record import RunRecord
from dnnctl.store.trials import Trial
from stored_trials import store_trial


def test_the_best_so_far_is_the_running_maximum_of_the_finished_trials(tmp_path: Path) -> None:
    scores = [0.5, 0.4, 0.7, 0.9, 0.6]
    states = ["finished", "finished", "finished", "stopped", "finished"]
    trials = [
        store_trial(tmp_path, number, [score], state=state)
        for number, (score, state) in enumerate(zip(scores, states, strict=True), 1)
    ]
    at = {trial.number: float(trial.number) for trial in trials}
    assert best_so_far(trials, "val_accuracy", at) == [(1, 0.5), (3, 0.7), (5, 0.7)]
    by_time = {1: 30.0, 2: 10.0, 3: 20.0, 5: 40.0}
    assert best_so_far(trials, "val_accuracy", by_time) == [(10, 0.4), (20, 0.7), (40, 0.7)]
    assert best_so_far(trials[3:4], "val_accuracy", at) == []


def trial_with(number: int, *entries: tuple[str, str | None]) -> Trial:
    run = RunRecord.at(Path(f"20260101-000000-net-{number:04d}-beef"))
    vars(run)["_history"] = (
        [HistoryEntry(event, None if time is None else f"2026-01-01T{time}") for event, time in entries],
        [],
    )
    return Trial(run, TrialFacts("net", number))


def test_pauses_of_the_sweep_do_not_count() -> None:
    """Two trials at once for 10 s and 20 s, a pause of an hour with a kill, and 5 s more."""
    trials = [
        trial_with(1, ("started", "10:00:00+00:00"), ("ended", "10:00:10+00:00")),
        trial_with(2, ("started", "10:00:05+00:00"), ("ended", "10:00:20+00:00")),
        trial_with(3, ("started", "10:00:20+00:00"), ("resumed", "11:00:00+00:00"), ("ended", "11:00:05+00:00")),
        trial_with(4, ("started", None), ("ended", "what"), ("exported", "12:00:00+00:00")),
        trial_with(5),
    ]
    assert busy_seconds(trials) == pytest.approx({1: 10, 2: 20, 3: 25})
