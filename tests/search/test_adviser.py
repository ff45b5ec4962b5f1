"""Searches that learn: their proposals are functions of the trials, and find the optimum sooner than chance."""

from __future__ import annotations

import random
import sys
from math import inf, log10
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import recorded_trainings
from recorded_trainings import Table

from dnnctl.errors import UserError
from dnnctl.search.adviser import ADVISERS, check_installed, n_independent
from dnnctl.search.space import setting_at
from dnnctl.search.tables import random_point
from dnnctl.specs.sweep import Sweep
from dnnctl.store.facts import RunFacts, Summary, TrialFacts
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.trials import Trial

PARAMETERS = {
    "optimizer.learning_rate": {"from": 1e-5, "to": 1.0, "scale": "log"},
    "model.layers.1.units": {"from": 1, "to": 200},
}
MIXED = PARAMETERS | {"model.defaults.activation": ["relu", {"kind": "leaky_relu", "slope": 0.1}]}
MOST = 150
"""More trials are not made to find a good setting."""
TREE = {"tpe": MIXED, "cma_es": PARAMETERS}


def sweep_of(kind: str, **keys: Any) -> Sweep:
    plain = {"name": "net", "spec": "-", "objective": {"metric": "val_loss"}, "parameters": TREE[kind]}
    return Sweep.model_validate({**plain, "search": {"kind": kind, "trials": 60}, **keys})


def trial_of(number: int, setting: dict[str, Any], loss: float | None, status: Status = Status.FINISHED) -> Trial:
    """A trial that is in no store: only what a search reads of it."""
    run = RunRecord.at(Path(f"20260101-000000-net-{number:04d}-beef"))
    best = {} if loss is None else {"epoch": 1, "val_loss": loss}
    is_over = status in (Status.FINISHED, Status.STOPPED_EARLY)
    vars(run).update(
        status=status,
        best=best,
        _rows=([{"epoch": 1, "val_loss": loss}], []),
        _facts=(RunFacts(), []),
        _summary=(Summary(1, "val_loss", best=best) if is_over else None, []),
    )
    stopped = 1 if status is Status.STOPPED_EARLY else None
    return Trial(run, TrialFacts("net", number, setting, stopped=stopped))


def loss_of(setting: dict[str, Any]) -> float:
    """A bowl around a rate of 0.01 and 120 units; one activation is worse."""
    rate = (log10(setting["optimizer.learning_rate"]) + 2) ** 2
    bad = 0.5 if setting.get("model.defaults.activation", "relu") != "relu" else 0.0
    return rate + ((setting["model.layers.1.units"] - 120) / 40) ** 2 + bad


def searched(kind: str, n: int, *, seed: int) -> list[float]:
    """The losses of the trials of a sweep with one worker."""
    sweep, trials = sweep_of(kind, seed=seed), []
    for number in range(1, n + 1):
        setting = ADVISERS[type(sweep.search)](sweep, trials, number)
        trials.append(trial_of(number, setting, loss_of(setting)))
    return [loss_of(trial.facts.setting) for trial in trials]


@pytest.mark.parametrize("kind", ["tpe", "cma_es"])
def test_a_search_finds_the_optimum_sooner_than_chance(kind: str) -> None:
    """The mean of the best of 30 trials, over five seeds."""
    found = [min(searched(kind, 30, seed=seed)) for seed in range(5)]
    by_chance = [
        min(
            loss_of(setting_at(sweep_of(kind).parameters, random_point(seed, n, len(TREE[kind])))) for n in range(1, 31)
        )
        for seed in range(5)
    ]
    assert sum(found) < sum(by_chance) / 2


@pytest.mark.parametrize("kind", ["tpe", "cma_es"])
def test_a_proposal_does_not_depend_on_the_order_of_the_trials(kind: str) -> None:
    """It is a function of the sweep, its number, and the trials that have finished or are running."""
    sweep, draw = sweep_of(kind), random.Random(1)
    settings = [setting_at(sweep.parameters, random_point(5, n, len(sweep.parameters))) for n in range(1, 24)]
    others = Status.DIVERGED, Status.STOPPED_EARLY, Status.FAILED, Status.RUNNING, Status.LOST
    states = [*[Status.FINISHED] * 18, *others]
    trials = [
        trial_of(n, setting, None if state in (Status.RUNNING, Status.FAILED) else loss_of(setting), state)
        for n, (setting, state) in enumerate(zip(settings, states, strict=True), 1)
    ]
    propose = ADVISERS[type(sweep.search)]
    first = propose(sweep, trials, 24)
    shuffled = draw.sample(trials, len(trials))
    assert propose(sweep, shuffled, 24) == first
    assert propose(sweep, trials, 25) != first
    assert propose(sweep, trials[:12], 24) != first


@pytest.mark.parametrize("kind", ["tpe", "cma_es"])
def test_the_first_settings_depend_on_no_result(kind: str) -> None:
    sweep = sweep_of(kind)
    propose, n = ADVISERS[type(sweep.search)], n_independent(sweep)
    assert n > 1
    last = [trial_of(number, propose(sweep, [], number), float(number)) for number in range(1, n)]
    assert propose(sweep, last, n) == propose(sweep, [], n)


def test_proposals_are_inside_their_ranges() -> None:
    for kind in TREE:
        sweep = sweep_of(kind)
        trials = [trial_of(n, setting_at(sweep.parameters, [1.0] * len(TREE[kind])), -float(n)) for n in range(1, 20)]
        setting = ADVISERS[type(sweep.search)](sweep, trials, 20)
        assert 1e-5 <= setting["optimizer.learning_rate"] <= 1.0
        assert 1 <= setting["model.layers.1.units"] <= 200
        assert type(setting["model.layers.1.units"]) is int


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"needs optuna. Install it: pip install 'dnnctl\[sweep\]'"):
        check_installed(sweep_of("tpe"))


def n_trials_to_find(table: Table, threshold: float, kind: str, seed: int) -> int:
    """The number of trials until a search has found one of the best settings of the recorded trainings."""
    plain = {"name": "net", "spec": "-", "objective": {"metric": "val_loss"}, "seed": seed}
    search = {"kind": kind, "trials": MOST}
    sweep = Sweep.model_validate({**plain, "parameters": recorded_trainings.PARAMETERS, "search": search})
    trials: list[Trial] = []
    for number in range(1, MOST + 1):
        if kind == "random":
            setting = setting_at(sweep.parameters, random_point(seed, number, len(sweep.parameters)))
        else:
            setting = ADVISERS[type(sweep.search)](sweep, trials, number)
        loss = table.at(setting).loss
        if loss <= threshold:
            return number
        status = Status.FINISHED if loss < inf else Status.DIVERGED
        trials.append(trial_of(number, setting, loss if loss < inf else None, status))
    return MOST


def test_on_recorded_trainings_tpe_finds_one_of_the_best_settings_in_fewer_trials_than_chance() -> None:
    """One of the best 5 % of 500 real trainings: the median and the mean over 60 seeds."""
    table = Table()
    threshold = table.threshold(0.05)
    tpe, by_chance = (
        [n_trials_to_find(table, threshold, kind, seed) for seed in range(60)] for kind in ("tpe", "random")
    )
    assert np.median(tpe) < np.median(by_chance)
    assert np.mean(tpe) < 0.85 * np.mean(by_chance)
