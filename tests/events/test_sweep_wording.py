"""The events of a sweep in words."""

from __future__ import annotations

import dnnctl.events.sweep_event as events
from dnnctl.events.sweep_wording import WORDINGS, setting_in_words, short_names, sweep_lines


def test_every_event_has_a_wording() -> None:
    assert set(WORDINGS) == set(events.SweepEvent.__subclasses__())


def test_names_are_as_short_as_they_can_be() -> None:
    """And still different."""
    paths = ["optimizer.learning_rate", "model.layers.1.units", "model.layers.2.units", "schedule.kind"]
    assert list(short_names(paths).values()) == ["learning_rate", "1.units", "2.units", "schedule.kind"]
    assert list(short_names(["a.b", "b"]).values()) == ["a.b", "b"]


def test_a_setting_is_one_line() -> None:
    setting = {"optimizer.learning_rate": 0.01, "model.defaults.activation": {"kind": "elu", "alpha": 1.5}}
    assert setting_in_words(setting) == "learning_rate 0.01, activation {kind: elu, alpha: 1.5}"


def test_a_trial_that_was_stopped_says_why() -> None:
    ended = events.TrialEnded(
        trial=3, confirms=None, run="r", setting={"seed": 1}, state="stopped", reason="too bad", epochs=2,
        values={"val_loss": 0.25}, is_best=False,
    )  # fmt: skip
    assert sweep_lines(ended) == ["trial 3  val_loss 0.2500  seed 1  stopped after 2 epochs", "    too bad"]


def test_a_killed_worker_is_named_with_its_signal() -> None:
    (line,) = sweep_lines(events.WorkerLost(trial=3, confirms=1, run="r", code=-9))
    assert line == "the worker of trial 3, fresh seed 1 was killed by signal 9; another one resumes the trial"


def test_of_a_worker_elsewhere_only_its_death_is_known() -> None:
    (line,) = sweep_lines(events.WorkerLost(trial=3, confirms=None, run="r", code=None))
    assert line == "the worker of trial 3 has died; another one resumes the trial"


def test_workers_that_are_not_known_yet_are_not_counted() -> None:
    opened = events.SweepOpened("net", "runs", "grid", ("seed",), ("val_loss",), 4, 0, workers=0, threads=0)
    assert sweep_lines(opened)[0] == "sweep net: 4 trials by grid; workers join later"
