"""The axis of a parameter: every value has a place between its ends."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dnnctl.search.axis import axes_of
from dnnctl.store.facts import TrialFacts
from dnnctl.store.record import RunRecord
from dnnctl.store.trials import Trial

RATE, UNITS = "optimizer.learning_rate", "model.layers.1.units"


def trials_of(*settings: dict[str, Any]) -> list[Trial]:
    run = RunRecord.at("20260101-000000-net-0001-beef")
    return [Trial(run, TrialFacts("net", number, setting)) for number, setting in enumerate(settings, 1)]


def test_a_range_is_linear_or_logarithmic_as_the_sweep_says() -> None:
    plan = {"parameters": {RATE: {"from": 1e-4, "to": 1.0, "scale": "log"}, UNITS: {"from": 0, "to": 9}}}
    trials = trials_of(*({RATE: rate, UNITS: units} for rate, units in ((0.01, 2), (0.1, 4), (1.0, 10))))
    rate, units = axes_of(trials, plan)
    assert [rate.name, units.name] == ["learning_rate", "units"]
    assert [rate.height(trial.facts.setting) for trial in trials] == pytest.approx([0, 0.5, 1])
    assert [units.height(trial.facts.setting) for trial in trials] == pytest.approx([0, 0.25, 1])


def test_a_list_has_the_order_of_the_sweep_and_only_values_that_were_tried() -> None:
    slope = {"kind": "leaky_relu", "slope": 0.1}
    plan = {"parameters": {"activation": ["selu", "elu", slope]}}
    trials = trials_of({"activation": slope}, {"activation": "selu"})
    (axis,) = axes_of(trials, plan)
    assert axis.choices == ("selu", "{kind: leaky_relu, slope: 0.1}")
    assert [axis.at(trial.facts.setting) for trial in trials] == [1.0, 0.0]


def test_without_a_plan_many_numbers_are_a_range_and_few_a_list() -> None:
    """As with settings from a CSV file."""
    trials = trials_of(*({"a": 10.0**n, "b": n % 2, "c": n, "d": ["x", "y"][n % 2]} for n in range(-6, 6)))
    a, b, c, d = axes_of(trials, {})
    assert (a.choices, a.is_log, c.choices, c.is_log) == ((), True, (), False)
    assert (b.choices, d.choices) == (("0", "1"), ("x", "y"))


@pytest.mark.parametrize("plan", [{"parameters": 3}, {"parameters": {RATE: 3, UNITS: {"scale": []}}}, {}])
def test_a_damaged_plan_is_used_as_far_as_it_says_what_it_should(plan: dict[str, Any]) -> None:
    """Whatever the values are, those that are known have a place from 0 to 1."""
    draw = random.Random(1)
    values = [0, -1.5, 1e300, "x", None, True, [1], {"kind": "y"}, float("nan"), 10**400]
    for _ in range(200):
        trials = trials_of(
            *({key: draw.choice(values) for key in (RATE, UNITS) if draw.random() < 0.8} for _ in "abcd")
        )
        for axis in axes_of(trials, plan):
            heights = [axis.height(trial.facts.setting) for trial in trials]
            assert all(height is None or 0 <= height <= 1 for height in heights)
            assert all(
                height is not None
                for height, trial in zip(heights, trials, strict=True)
                if axis.path in trial.facts.setting
            )
