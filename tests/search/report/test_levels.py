"""Levels: each ranked trial is in one, also if not all are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from dnnctl.search.report.levels import drawn_trials, levels_of
from dnnctl.store.trials import Trial
from stored_trials import store_trial

METRIC = ["val_accuracy"]


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    """Twenty finished trials in random order, and one of each other state."""
    folder = tmp_path_factory.mktemp("trials")
    scores = np.random.default_rng(1).permutation(20) / 20
    found = [store_trial(folder, number, [float(score)]) for number, score in enumerate(scores, 1)]
    states = ("stopped", "diverged", "failed", "unfinished")
    return [*found, *(store_trial(folder, 21 + k, [2.0], state=state) for k, state in enumerate(states))]


def test_the_levels_are_the_quarters_of_the_ranking(trials: list[Trial]) -> None:
    found = {level.name: [trial.value("val_accuracy") for trial in level.trials] for level in levels_of(trials, METRIC)}
    assert list(found) == ["stopped early", "other trials", "best half", "best quarter", "best trial"]
    assert found["stopped early"] == [2.0]
    twentieths = {name: sorted(round(20 * (value or 0)) for value in values) for name, values in found.items()}
    assert twentieths["best trial"] == [19]
    assert twentieths["best quarter"] == [15, 16, 17, 18]
    assert twentieths["best half"] == [10, 11, 12, 13, 14]
    assert twentieths["other trials"] == list(range(10))


def test_of_many_trials_the_best_and_a_sample_are_drawn_in_the_levels_of_all(trials: list[Trial]) -> None:
    drawn = drawn_trials(trials, METRIC, 8)
    assert len(drawn) == 8
    assert [trial.number for trial in drawn] == sorted(trial.number for trial in drawn)
    assert {19, 18, 17, 16} <= {round(20 * (trial.value("val_accuracy") or 0)) for trial in drawn}
    full = {trial.number: level.name for level in levels_of(trials, METRIC) for trial in level.trials}
    some = {trial.number: level.name for level in levels_of(trials, METRIC, 8) for trial in level.trials}
    assert some == {number: name for number, name in full.items() if number in {trial.number for trial in drawn}}


def test_by_several_objectives_the_front_is_the_best_level(trials: list[Trial]) -> None:
    levels = levels_of(trials, ["val_accuracy", "parameters"])
    assert [level.name for level in levels] == ["stopped early", "other trials", "Pareto front"]
    assert sum(len(level.trials) for level in levels) == 21
