"""The best trials, by one objective and by several."""

from __future__ import annotations

from pathlib import Path

from dnnctl.search.ranking import best_first, best_of, distinct_best, less_is_better, pareto_front
from stored_trials import store_trial


def test_the_direction_follows_from_the_metric() -> None:
    assert all(map(less_is_better, ("loss", "val_loss", "val_mae", "parameters", "training_seconds")))
    assert not any(map(less_is_better, ("accuracy", "val_accuracy", "val_r2")))


def test_the_best_comes_first_and_only_finished_trials_count(tmp_path: Path) -> None:
    """A trial that was stopped, or has diverged, is never the best, whatever its last value."""
    values = {1: 0.7, 2: 0.9, 3: 0.8, 4: 0.9}
    trials = [store_trial(tmp_path, number, [value]) for number, value in values.items()]
    trials += [store_trial(tmp_path, 5, [0.99], state="stopped"), store_trial(tmp_path, 6, [0.99], state="diverged")]
    assert [trial.number for trial in best_first(trials, ["val_accuracy"])] == [2, 4, 3, 1]
    assert [trial.number for trial in best_of(trials, ["val_accuracy"])] == [2]
    assert best_of(trials[-2:], ["val_accuracy"]) == []


def test_the_best_by_a_loss_is_the_smallest(tmp_path: Path) -> None:
    trials = [store_trial(tmp_path, n, [value], metric="val_loss") for n, value in enumerate([0.3, 0.1, 0.2], 1)]
    assert [trial.number for trial in best_first(trials, ["val_loss"])] == [2, 3, 1]


def test_the_front_is_what_no_other_trial_dominates(tmp_path: Path) -> None:
    """More parameters with every number: only those that are better than all smaller ones remain."""
    trials = [store_trial(tmp_path, number, [value]) for number, value in enumerate([0.5, 0.7, 0.6, 0.7, 0.8], 1)]
    metrics = ["val_accuracy", "parameters"]
    assert [trial.number for trial in pareto_front(trials, metrics)] == [1, 2, 5]
    assert [trial.number for trial in best_first(trials, metrics)][:3] == [5, 2, 1]


def test_a_setting_that_was_tried_twice_counts_once(tmp_path: Path) -> None:
    setting = {"optimizer.learning_rate": 0.5}
    trials = [store_trial(tmp_path, number, [0.9], setting=setting) for number in (1, 2)]
    trials.append(store_trial(tmp_path, 3, [0.8]))
    assert len(distinct_best(trials, ["val_accuracy"])) == 2
