"""Stopping trials early: the same decisions as Optuna's pruners on random curves."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np
import optuna
import pytest
import recorded_trainings
from recorded_trainings import Table

from dnnctl.search.pruning import RULES, Candidate, Field, bracket_of, n_brackets, reason_to_stop
from dnnctl.search.space import setting_at
from dnnctl.search.tables import random_point
from dnnctl.specs.sweep import Hyperband, Median, NoPruning, Sweep

N_EPOCHS = 27
SWEEP = Sweep.model_validate(
    {"name": "net", "spec": "-", "objective": {"metric": "val_loss"}, "parameters": recorded_trainings.PARAMETERS}
)
"""A sweep over the recorded trainings."""
optuna.logging.set_verbosity(optuna.logging.WARNING)


def ours(rule: Any, *, direction: str, seed: int, n: int = 40) -> list[int]:
    """For each of some trials that are trained one after the other, the epoch after which the rule stops it."""
    stops, curves, finished = [], {}, []
    for number in range(n):
        curve: dict[int, float] = {}
        for epoch, value in enumerate(values_of(direction, seed, number), 1):
            curve[epoch] = value
            field = Field("net", direction == "minimize", N_EPOCHS, dict(curves), list(finished))
            if epoch == N_EPOCHS or reason_to_stop(rule, Candidate(number, curve), field):
                break
        stops.append(len(curve))
        curves[number] = curve
        finished += [number] * (len(curve) == N_EPOCHS)
    return stops


def optunas(pruner: Any, *, direction: str, seed: int, n: int = 40) -> list[int]:
    """The same by Optuna."""
    study = optuna.create_study(direction=direction, pruner=pruner, study_name="net")
    stops = []
    for number in range(n):
        trial = study.ask()
        for epoch, value in enumerate(values_of(direction, seed, number), 1):
            trial.report(value, epoch)
            if epoch == N_EPOCHS or trial.should_prune():
                break
        stops.append(epoch)
        is_end = epoch == N_EPOCHS
        study.tell(trial, value if is_end else None, state=None if is_end else optuna.trial.TrialState.PRUNED)
    return stops


def values_of(direction: str, seed: int, number: int) -> list[float]:
    """The objective of a trial after each epoch: a noisy curve that improves towards its own level."""
    draw = random.Random(f"{seed} {number}")
    level = draw.random()
    sign = 1 if direction == "minimize" else -1
    return [sign * (level + draw.gauss(0, 0.1) + 1 / epoch) for epoch in range(1, N_EPOCHS + 1)]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("seed", range(3))
def test_the_median_rule_stops_what_optuna_stops(direction: str, seed: int) -> None:
    rule = Median(kind="median", startup=4, warmup=2)
    stops = ours(rule, direction=direction, seed=seed)
    # Optuna counts steps from 0, so that its warm-up ends one epoch earlier
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=3)
    assert stops == optunas(pruner, direction=direction, seed=seed)
    assert 5 < sum(epoch < N_EPOCHS for epoch in stops) < 36


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("seed", range(3))
def test_hyperband_stops_what_optuna_stops(direction: str, seed: int) -> None:
    """Also the brackets are the same."""
    rule = Hyperband(kind="hyperband", min_epochs=1, reduction=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=N_EPOCHS, reduction_factor=3)
    stops = ours(rule, direction=direction, seed=seed)
    assert stops == optunas(pruner, direction=direction, seed=seed)
    assert len(set(stops)) > 2


def test_hyperband_has_a_bracket_for_each_power_of_the_reduction() -> None:
    rule = Hyperband(kind="hyperband", min_epochs=1, reduction=3)
    assert [n_brackets(rule, n) for n in (1, 2, 3, 8, 9, 27, 80, 81)] == [1, 1, 2, 2, 3, 4, 4, 5]
    field = Field("net", True, N_EPOCHS, {}, [])
    assert {bracket_of(rule, number, field) for number in range(200)} == {0, 1, 2, 3}


def test_nothing_is_stopped_without_pruning() -> None:
    field = Field("net", True, 9, {1: {1: 0.0}, 2: {1: 0.0}}, [1, 2])
    assert reason_to_stop(NoPruning(kind="none"), Candidate(3, {1: 99.0}), field) == ""


def test_the_reason_has_the_numbers() -> None:
    field = Field("net", True, 9, {1: {1: 2.0, 2: 0.1}, 2: {1: 2.0, 2: 0.3}}, [1, 2])
    reason = reason_to_stop(Median(kind="median", startup=1), Candidate(3, {1: 2.0, 2: 0.5}), field)
    assert reason == "its best value 0.5000 is worse than the median 0.2000 at epoch 2"


def test_there_is_a_rule_for_every_kind() -> None:
    assert set(RULES) == {NoPruning, Median, Hyperband}


def swept(table: Table, rule: Any, seed: int) -> tuple[int, list[float]]:
    """A random sweep of 40 recorded trainings: the number of epochs, and the losses of those that were not stopped."""
    numbers = range(1, 41)
    points = [random_point(seed, number, len(SWEEP.parameters)) for number in numbers]
    curves: dict[int, dict[int, float]] = {}
    finished: list[int] = []
    for number, point in zip(numbers, points, strict=True):
        recorded = table.at(setting_at(SWEEP.parameters, point))
        curve: dict[int, float] = {}
        for epoch, loss in recorded.curve.items():
            curve[epoch] = loss
            field = Field(f"net{seed}", True, recorded_trainings.N_EPOCHS, dict(curves), list(finished))
            if epoch < recorded_trainings.N_EPOCHS and reason_to_stop(rule, Candidate(number, curve), field):
                break
        else:
            finished += [number] * (len(curve) == recorded_trainings.N_EPOCHS)
        curves[number] = curve
    return sum(map(len, curves.values())), [min(curves[number].values()) for number in finished]


@pytest.mark.parametrize(
    "rule", [Median(kind="median", startup=5, warmup=1), Hyperband(kind="hyperband", min_epochs=1, reduction=3)]
)
def test_on_recorded_trainings_pruning_saves_epochs_and_keeps_good_settings(rule: Any) -> None:
    """Against the same sweep without pruning, over 20 seeds: a quarter of the epochs or more, for a loss like its."""
    table = Table()
    saved, lost, best = [], [], []
    for seed in range(20):
        n_all, all_losses = swept(table, NoPruning(kind="none"), seed)
        n_epochs, losses = swept(table, rule, seed)
        saved.append(1 - n_epochs / n_all)
        lost.append(min(losses) - min(all_losses))
        best.append(min(all_losses))
    assert np.mean(saved) > 0.25
    assert np.mean(lost) < np.std(best)
