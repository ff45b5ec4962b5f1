"""The rate of every step, and how `performance` changes it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.schedule import Span
from dnnctl.specs import Spec


def make_rates(schedule: Any, rate: float = 0.4) -> LearningRates:
    spec = Spec.model_validate(
        {
            "name": "t",
            "data": {"source": "mnist", "validation": {"size": 5}},
            "model": {"layers": ["flatten"]},
            "optimizer": {"kind": "sgd", "learning_rate": rate},
            "schedule": schedule,
        }
    )
    return LearningRates(spec.schedule, spec.optimizer.learning_rate, Span(2, 20))


def test_performance_multiplies_the_rate_after_patience() -> None:
    """Computed by hand: losses 5 4 4 4 | 4 4 | 3 3 3 with a patience of 2 halve the rate after epochs 4, 6 and 9."""
    rates = make_rates({"kind": "performance", "patience": 2})
    found = []
    for epoch, loss in enumerate([5, 4, 4, 4, 4, 4, 3, 3, 3, 3], 1):
        found.append(float(rates.of_epoch(epoch)[0]))
        rates.see(epoch, {"val_loss": float(loss)})
    assert found == [0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05]


def test_performance_counts_only_epochs_in_which_the_metric_is_measured() -> None:
    rates = make_rates({"kind": "performance", "patience": 2})
    for epoch, row in enumerate([{"val_loss": 4.0}, {"loss": 9.0}, {"val_loss": 5.0}, {"loss": 9.0}], 1):
        rates.see(epoch, row)
    assert rates.of_epoch(5)[0] == 0.4
    rates.see(5, {"val_loss": 5.0})
    assert rates.of_epoch(6)[0] == 0.2


def test_performance_never_falls_below_min_rate() -> None:
    rates = make_rates({"kind": "performance", "patience": 1, "min_rate": 0.15})
    for epoch in range(1, 8):
        rates.see(epoch, {"val_loss": 1.0})
    assert rates.of_epoch(8).tolist() == [0.15, 0.15]


def test_other_schedules_ignore_the_metrics() -> None:
    rates = make_rates({"kind": "exponential", "steps": 10})
    before = rates.of_epoch(5)
    rates.see(4, {"val_loss": 9.0})
    assert np.array_equal(rates.of_epoch(5), before)
    assert before == pytest.approx([0.4 * 0.1 ** (t / 10) for t in (8, 9)])


@pytest.mark.parametrize(
    "schedule",
    [
        "none",
        {"kind": "one_cycle", "max_rate": 3.0, "warmup": {"steps": 3}},
        {"kind": "performance", "patience": 1, "min_rate": 0.15},
    ],
)
def test_a_roll_back_multiplies_every_rate(schedule: Any) -> None:
    """That of every step, after the floor of `performance`; also after its state was saved and restored."""
    rates, lowered, restored = make_rates(schedule), make_rates(schedule), make_rates(schedule)
    lowered.rolled_back = 0.25
    for epoch in range(1, 8):
        restored.restore(lowered.state())
        np.testing.assert_array_equal(lowered.of_epoch(epoch), 0.25 * rates.of_epoch(epoch))
        np.testing.assert_array_equal(restored.of_epoch(epoch), lowered.of_epoch(epoch))
        for each in (rates, lowered):
            each.see(epoch, {"val_loss": 1.0})
