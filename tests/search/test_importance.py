"""The importance of parameters: the statistics of Kruskal and Wallis, and no importance of what has no effect."""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kruskal, rankdata

from dnnctl.search.axis import axes_of
from dnnctl.search.importance import Importances, average_ranks, groups_of, importances, kruskal_wallis
from dnnctl.store.facts import RunFacts, TrialFacts
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.trials import Trial

RATE, UNITS, KIND = "optimizer.learning_rate", "model.layers.1.units", "model.defaults.activation"
PLAN = {"parameters": {RATE: {"from": 1e-4, "to": 1.0, "scale": "log"}, UNITS: [4, 8, 16], KIND: ["relu", "selu"]}}


def trial_of(number: int, setting: dict[str, Any], value: float | None, status: Status = Status.FINISHED) -> Trial:
    """A trial that is in no store."""
    run = RunRecord.at(Path(f"20260101-000000-net-{number:04d}-beef"))
    vars(run).update(status=status, best={} if value is None else {"val_loss": value}, _facts=(RunFacts(), []))
    return Trial(run, TrialFacts("net", number, setting))


def estimated(n: int, score: Callable[[dict[str, Any]], float], draw: np.random.Generator) -> Importances:
    """The importances from random trials with these scores."""
    trials = []
    for number in range(1, n + 1):
        setting = {
            RATE: float(10 ** draw.uniform(-4, 0)),
            UNITS: int(draw.choice([4, 8, 16])),
            KIND: str(draw.choice(["relu", "selu"])),
        }
        trials.append(trial_of(number, setting, score(setting)))
    return importances(axes_of(trials, PLAN), trials, "val_loss")


def test_the_test_is_that_of_kruskal_and_wallis() -> None:
    """SciPy's test of the same groups, with ties, is the oracle; η² is the formula in its statistic."""
    draw = np.random.default_rng(1)
    for _ in range(50):
        groups = draw.integers(0, draw.integers(2, 6), 40)
        values = np.round(draw.normal(size=40) + groups * draw.uniform(0, 1), 1)
        found = kruskal(*(values[groups == each] for each in np.unique(groups)))
        k = len(np.unique(groups))
        eta, p = kruskal_wallis(average_ranks(values), groups)
        assert p == pytest.approx(found.pvalue)
        assert eta == pytest.approx((found.statistic - k + 1) / (40 - k))


def test_ranks_are_those_of_scipy() -> None:
    values = np.random.default_rng(2).integers(0, 9, 50).astype(float)
    values[3:5] = np.inf
    np.testing.assert_array_equal(average_ranks(values), rankdata(values))


def test_a_range_has_groups_of_equal_size() -> None:
    draw = np.random.default_rng(3)
    for n, n_groups in ((10, 2), (15, 3), (23, 4), (100, 5)):
        trials = [trial_of(k, {RATE: float(draw.random())}, 1.0) for k in range(n)]
        (axis,) = axes_of(trials, PLAN)
        sizes = np.bincount(groups_of(axis, [trial.facts.setting for trial in trials]))
        assert len(sizes) == n_groups
        assert sizes.max() - sizes.min() <= 1


def test_what_matters_is_found_whatever_its_form() -> None:
    """A bowl around a rate of 0.01, whose ends are equally bad, and a small effect of the activation."""
    draw = np.random.default_rng(4)

    def score(setting: dict[str, Any]) -> float:
        return (log10(setting[RATE]) + 2) ** 2 + 0.4 * (setting[KIND] == "relu") + draw.normal(0, 0.1)

    found = {each.axis.path: each for each in estimated(120, score, draw).found}
    assert next(iter(found)) == RATE
    assert found[RATE].fraction > 0.6
    assert found[RATE].is_significant
    assert found[KIND].is_significant
    assert not found[UNITS].is_significant


def test_noise_is_called_important_in_at_most_one_of_twenty_sweeps() -> None:
    """No parameter has an effect. 400 sweeps; the bound is the 99.9 % quantile of Binomial(400, 0.05)."""
    draw = np.random.default_rng(5)
    sweeps = [estimated(30, lambda _: float(draw.normal()), draw) for _ in range(400)]
    assert sum(any(each.is_significant for each in found.found) for found in sweeps) <= 34
    assert np.mean([found.rest for found in sweeps]) > 0.9


def test_few_trials_are_warned_of_and_very_few_are_not_used() -> None:
    draw = np.random.default_rng(6)
    assert "few for 3 parameters" in estimated(20, lambda _: float(draw.normal()), draw).warning
    assert estimated(30, lambda _: float(draw.normal()), draw).warning == ""
    assert estimated(9, lambda _: float(draw.normal()), draw).found == ()


def test_diverged_trials_are_the_worst_and_failed_ones_are_left_out() -> None:
    """Large rates diverge: this is an effect of the rate, although no finished trial shows it."""
    draw = np.random.default_rng(7)
    trials = [trial_of(k, {RATE: k / 40}, float(draw.normal())) for k in range(1, 21)]
    before = importances(axes_of(trials, PLAN), trials, "val_loss").found[0]
    failed = [trial_of(k, {RATE: k / 40}, None, Status.FAILED) for k in range(21, 41)]
    assert importances(axes_of(trials, PLAN), [*trials, *failed], "val_loss").n == 20
    diverged = [trial_of(k, {RATE: k / 40}, -9.0, Status.DIVERGED) for k in range(21, 41)]
    after = importances(axes_of([*trials, *diverged], PLAN), [*trials, *diverged], "val_loss").found[0]
    assert (before.is_significant, after.is_significant) == (False, True)
    assert after.fraction > 0.5
