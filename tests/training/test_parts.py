"""The small parts of training: order, monitors, rates, the choice of compilation, capture, narration."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.build.schedule import Span
from dnnctl.seeds import derive_seed
from dnnctl.specs import Spec
from dnnctl.specs.metric import NumberMetric
from dnnctl.specs.reading.introspection import kinds_of
from dnnctl.training.facts import Fact
from dnnctl.training.monitor import Monitor, is_less_better
from dnnctl.training.narration import NARRATIONS
from dnnctl.training.order import epoch_order
from dnnctl.training.rates import Rates


def test_an_order_is_a_permutation_that_differs_between_epochs_and_seeds() -> None:
    orders = [epoch_order(seed, epoch, 1000) for seed in (1, 2) for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(1000)) for order in orders)
    assert len({order.tobytes() for order in orders}) == len(orders)


def test_orders_and_seeds_are_the_same_everywhere() -> None:
    """Recorded once: a change here would change every run that is repeated or resumed."""
    assert derive_seed(42, "dense_1", 3) == 1102408768
    assert epoch_order(42, 1, 10).tolist() == [6, 2, 0, 3, 4, 5, 7, 8, 9, 1]


def test_a_monitor_counts_from_its_best() -> None:
    monitor = Monitor("val_loss", min_delta=0.1)
    seen = [monitor.see(epoch, value) for epoch, value in enumerate([1.0, 0.95, 0.8, 0.81, math.nan, 0.75], 1)]
    assert seen == [True, False, True, False, False, False]
    assert (monitor.best, monitor.best_epoch, monitor.n_waited) == (0.8, 3, 3)


def test_a_first_value_that_is_not_a_number_gives_way_to_any_other() -> None:
    monitor = Monitor("val_loss")
    assert [monitor.see(epoch, value) for epoch, value in enumerate([math.nan, math.nan, 9.0, math.nan], 1)] == [
        True, False, True, False,
    ]  # fmt: skip


def test_a_score_is_better_when_it_grows() -> None:
    monitor = Monitor("val_accuracy")
    assert [monitor.see(epoch, value) for epoch, value in enumerate([0.5, 0.4, 0.5, 0.6], 1)] == [
        True,
        False,
        False,
        True,
    ]


def test_errors_and_losses_are_better_when_they_fall() -> None:
    scores = {"r2", "cosine_similarity"}
    assert {kind for kind in kinds_of([NumberMetric]) if not is_less_better(kind)} == scores
    assert is_less_better("val_loss")
    assert not is_less_better("val_top_5_accuracy")


def make_rates(schedule: Any, rate: float = 0.4) -> Rates:
    spec = Spec.model_validate(
        {
            "name": "t",
            "data": {"source": "mnist", "validation": {"size": 5}},
            "model": {"layers": ["flatten"]},
            "optimizer": {"kind": "sgd", "learning_rate": rate},
            "schedule": schedule,
        }
    )
    return Rates(spec.schedule, spec.optimizer.learning_rate, Span(2, 20))


def test_performance_multiplies_the_rate_after_patience() -> None:
    """By hand: losses 5 4 4 4 | 4 4 | 3 3 3 with a patience of 2 halve the rate after epochs 4, 6 and 9."""
    rates = make_rates({"kind": "performance", "patience": 2})
    found = []
    for epoch, loss in enumerate([5, 4, 4, 4, 4, 4, 3, 3, 3, 3], 1):
        found.append(float(rates.of_epoch(epoch)[0]))
        rates.see(epoch, {"val_loss": float(loss)})
    assert found == [0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05]


def test_performance_does_not_fall_below_its_smallest_rate() -> None:
    rates = make_rates({"kind": "performance", "patience": 1, "min_rate": 0.15})
    for epoch in range(1, 8):
        rates.see(epoch, {"val_loss": 1.0})
    assert rates.of_epoch(8).tolist() == [0.15, 0.15]


def test_other_schedules_ignore_how_training_goes() -> None:
    rates = make_rates({"kind": "exponential", "steps": 10})
    before = rates.of_epoch(5)
    rates.see(4, {"val_loss": 9.0})
    assert np.array_equal(rates.of_epoch(5), before)
    assert before == pytest.approx([0.4 * 0.1 ** (t / 10) for t in (8, 9)])


WRITE = """
import os, sys
from dnnctl.training.capture import stderr_to
with stderr_to(sys.argv[1]):
    os.write(2, b"from C\\n")
    print("from Python", file=sys.stderr)
print("after", file=sys.stderr)
"""


def test_what_is_written_to_standard_error_goes_to_the_file(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    done = subprocess.run([sys.executable, "-c", WRITE, str(log)], capture_output=True, text=True, check=True)
    assert log.read_text() == "from C\nfrom Python\n"
    assert done.stderr == "after\n"


def test_every_fact_can_be_told() -> None:
    assert set(NARRATIONS) == set(Fact.__subclasses__())
    assert len({fact.event for fact in Fact.__subclasses__()}) == len(NARRATIONS)
