"""The live display of a sweep."""

from __future__ import annotations

import io

from rich.console import Console

from dnnctl.cli.live_sweep import LiveSweepDisplay
from dnnctl.events.sweep_event import (
    SweepEnded,
    SweepEvent,
    SweepOpened,
    TrialEnded,
    TrialEpochEnded,
    TrialStarted,
    WorkerLost,
)

SETTING = {"optimizer.learning_rate": 0.1}


def started(trial: int) -> TrialStarted:
    return TrialStarted(trial, None, f"run-{trial}", SETTING, "", False)


def ended(trial: int, value: float, *, is_best: bool) -> TrialEnded:
    values: dict[str, float | None] = {"val_loss": value}
    return TrialEnded(trial, None, f"run-{trial}", SETTING, "finished", "", 3, values, is_best)


def shown(*events: SweepEvent) -> tuple[str, list[str]]:
    """What is printed above, and the lines below, at 80 columns."""
    console = Console(file=io.StringIO(), width=80, force_terminal=True, highlight=False)
    display = LiveSweepDisplay(started=0.0, console=console)
    with display:
        for event in events:
            display.show(event)
    return console.file.getvalue(), display.below()  # type: ignore[attr-defined]


OPENED = SweepOpened("net", "runs", "grid", ("optimizer.learning_rate",), ("val_loss",), 4, 0, 2, 1)


def test_the_trials_that_are_trained_are_below_and_finished_ones_above() -> None:
    row = {"epoch": 2, "val_loss": 0.5}
    above, below = shown(
        OPENED, started(1), started(2), TrialEpochEnded(2, None, "run-2", row), ended(1, 0.25, is_best=True)
    )
    assert "trial 1  val_loss 0.2500  learning_rate 0.1  best so far" in above
    assert below[0] == "  trial 2  epoch 2  val_loss 0.5000  learning_rate 0.1"
    assert "1 of 4 trials" in below[1]
    assert below[2] == "  best: trial 1  val_loss 0.2500"
    assert all(len(line) <= 80 for line in below)


def test_a_trial_whose_worker_died_is_not_shown_as_running() -> None:
    above, below = shown(OPENED, started(1), WorkerLost(1, None, "run-1", -9))
    assert "was killed by signal 9" in above
    assert below == []


def test_in_the_end_nothing_is_below() -> None:
    _, below = shown(OPENED, started(1), ended(1, 0.5, is_best=False), SweepEnded("net", (1,)))
    assert below == []
