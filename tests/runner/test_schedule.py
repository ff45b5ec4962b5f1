"""Schedules against their formulas, written out step by step in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from dnnctl.runner.schedule import Span, learning_rates, momenta, unreached_boundaries
from dnnctl.specs import Spec
from dnnctl.specs.field import Section
from dnnctl.specs.planned_phase import planned_phases
from dnnctl.specs.schedule import Schedule

ETA = 0.3
SPAN = Span(steps_per_epoch=40, epochs=5)
N = SPAN.steps


class Holder(Section):
    schedule: Schedule


def parse(spec: Any) -> Any:
    return Holder.model_validate({"schedule": spec}).schedule


def rates(spec: Any, steps: Any = None, span: Span = SPAN) -> np.ndarray:
    return learning_rates(parse(spec), ETA, np.arange(2 * span.steps) if steps is None else np.asarray(steps), span)


def one_cycle(t: int, n: int, top: float, start: float, last: float) -> float:
    tail = n // 10 + 1
    half = (n - tail) // 2
    if t < half:
        return start + (top - start) * t / half
    if t < 2 * half:
        return top + (start - top) * (t - half) / half
    if t < n:
        return start + (last - start) * (t - 2 * half) / (n - 2 * half)
    return last


FORMULAS: dict[str, tuple[Any, Callable[[int], float]]] = {
    "none": ("none", lambda _t: ETA),
    "constant": ("constant", lambda _t: ETA),
    "power": ({"kind": "power", "steps": 20}, lambda t: ETA / (1 + t / 20)),
    "power c": ({"kind": "power", "steps": 20, "power": 0.5}, lambda t: ETA / math.sqrt(1 + t / 20)),
    "power per epoch": ({"kind": "power", "steps": 2, "per": "epoch"}, lambda t: ETA / (1 + (t // 40) / 2)),
    "exponential": ({"kind": "exponential", "steps": 50}, lambda t: ETA * 0.1 ** (t / 50)),
    "exponential factor": ({"kind": "exponential", "steps": 50, "factor": 0.5}, lambda t: ETA * 0.5 ** (t / 50)),
    "exponential per epoch": (
        {"kind": "exponential", "steps": 20, "per": "epoch"},
        lambda t: ETA * 0.1 ** ((t // 40) / 20),
    ),
    "piecewise": (
        {"kind": "piecewise", "boundaries": [2, 4], "values": [0.01, 0.005, 0.001]},
        lambda t: 0.01 if t // 40 < 2 else 0.005 if t // 40 < 4 else 0.001,
    ),
    "piecewise per step": (
        {"kind": "piecewise", "boundaries": [7], "values": [1, 0], "per": "step"},
        lambda t: 1.0 if t < 7 else 0.0,
    ),
    "one_cycle": ({"kind": "one_cycle", "max_rate": 0.5}, lambda t: one_cycle(t, N, 0.5, 0.05, 0.00005)),
    "one_cycle ends": (
        {"kind": "one_cycle", "max_rate": 0.5, "start": 0.2, "last": 0},
        lambda t: one_cycle(t, N, 0.5, 0.2, 0.0),
    ),
    "cosine": (
        {"kind": "cosine", "final": 0.01},
        lambda t: 0.01 + (ETA - 0.01) * (1 + math.cos(math.pi * min(t / N, 1))) / 2,
    ),
    "cosine steps": ({"kind": "cosine", "steps": 30}, lambda t: ETA * (1 + math.cos(math.pi * min(t / 30, 1))) / 2),
    "polynomial": (
        {"kind": "polynomial", "final": 0.1, "power": 2},
        lambda t: 0.1 + (ETA - 0.1) * (1 - min(t / N, 1)) ** 2,
    ),
    "warmup": (
        {"kind": "power", "steps": 20, "warmup": {"steps": 10}},
        lambda t: ETA * (t + 1) / 11 if t < 10 else ETA / (1 + (t - 10) / 20),
    ),
    "only warmup": ({"kind": "constant", "warmup": {"steps": 10}}, lambda t: ETA * min((t + 1) / 11, 1)),
    "warmup of a cosine": (
        {"kind": "cosine", "warmup": {"steps": 10}},
        lambda t: ETA * (t + 1) / 11 if t < 10 else ETA * (1 + math.cos(math.pi * min((t - 10) / (N - 10), 1))) / 2,
    ),
    "performance starts": ({"kind": "performance"}, lambda _t: ETA),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_schedule_equals_its_formula_at_every_step_and_past_the_end(name: str) -> None:
    spec, formula = FORMULAS[name]
    found = rates(spec)
    assert found.dtype == np.float64
    assert found == pytest.approx([formula(t) for t in range(2 * N)], rel=1e-12, abs=1e-15)
    assert (found >= 0).all()


@pytest.mark.parametrize("name", FORMULAS)
def test_a_rate_depends_only_on_its_step(name: str) -> None:
    """In any portions the rates are the same, so a resumed run continues with the right one."""
    spec, _ = FORMULAS[name]
    whole = rates(spec)
    assert [rates(spec, [t])[0] for t in (0, 1, 9, 10, 11, N // 2, N - 1, N, 2 * N - 1)] == [
        whole[t] for t in (0, 1, 9, 10, 11, N // 2, N - 1, N, 2 * N - 1)
    ]


@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 7, 19, 20, 21])
def test_one_cycle_stays_within_its_rates_however_short_the_training(epochs: int) -> None:
    span = Span(1, epochs)
    found = rates({"kind": "one_cycle", "max_rate": 1}, span=span)
    assert found.max() <= 1
    assert found.min() >= 0.1 / 1000
    assert found[0] == 0.1
    assert found[-1] == pytest.approx(0.1 / 1000)


def test_momentum_cycles_inversely() -> None:
    spec = parse({"kind": "one_cycle", "max_rate": 1, "momentum": {"high": 0.95, "low": 0.85}})
    found = momenta(spec, np.arange(N + 5), SPAN)
    half = (N - (N // 10 + 1)) // 2
    assert found[0] == found[-1] == found[2 * half] == 0.95
    assert found[half] == 0.85
    assert found[half // 2] == pytest.approx(0.95 - 0.1 * (half // 2) / half)


def test_one_cycle_has_the_right_turning_points_over_25_epochs_of_430_steps() -> None:
    """n = 10,750: a tail of 1,076 steps, halves of 4,837; rate and momentum at every turning point."""
    spec = parse({"kind": "one_cycle", "max_rate": 0.05, "momentum": {"high": 0.95, "low": 0.85}})
    span, t = Span(430, 25), np.arange(430 * 25 + 1)
    rates_, momenta_ = learning_rates(spec, ETA, t, span), momenta(spec, t, span)
    turns = [0, 4837, 9674, 10750]
    np.testing.assert_allclose(rates_[turns], [0.005, 0.05, 0.005, 0.000005], rtol=1e-12)
    np.testing.assert_allclose(momenta_[turns], [0.95, 0.85, 0.95, 0.95], rtol=1e-12)
    slopes = np.diff(rates_)
    assert (slopes[:4837] > 0).all()
    assert (slopes[4837:] < 0).all()
    for first, last in pairwise(turns):
        np.testing.assert_allclose(slopes[first:last], slopes[first], rtol=1e-6)


@pytest.mark.parametrize(
    ("training", "per", "unreached"),
    [
        ({"epochs": 6}, "epoch", []),
        ({"epochs": 5}, "epoch", ["schedule.boundaries.1: 5"]),
        ({"epochs": 2}, "epoch", ["schedule.boundaries.0: 2", "schedule.boundaries.1: 5"]),
        ({"epochs": 2}, "step", []),
        ({"epochs": 1}, "step", ["schedule.boundaries.1: 5"]),
        ({"phases": [{"epochs": 3}, {"epochs": 3}]}, "epoch", []),
        ({"phases": [{"epochs": 3}, {"epochs": 2}]}, "epoch", ["schedule.boundaries.1: 5"]),
        ({"phases": [{"epochs": 3}, {"epochs": 3, "optimizer": "adam"}]}, "epoch", ["schedule.boundaries.1: 5"]),
        ({"phases": [{"epochs": 3}, {"epochs": 6, "optimizer": "adam"}]}, "epoch", []),
        ({"phases": [{"epochs": 6}, {"epochs": 3, "schedule": "none"}]}, "epoch", []),
    ],
)
def test_boundaries_that_are_never_reached_give_a_warning(training: Any, per: str, unreached: list[str]) -> None:
    """The value after boundary b starts with epoch (or step) b, counted from 0; an epoch has 5 steps here."""
    schedule = {"kind": "piecewise", "boundaries": [2, 5], "values": [0.1, 0.01, 0.001], "per": per}
    spec = Spec.model_validate(
        {
            "name": "t",
            "data": {"source": "mnist"},
            "model": {"layers": ["flatten"]},
            "schedule": schedule,
            "training": training,
        }
    )
    found = list(unreached_boundaries(planned_phases(spec), steps_per_epoch=5))
    assert [warning.partition(" is never")[0] for warning in found] == unreached
