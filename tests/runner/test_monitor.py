"""What counts as an improvement."""

from __future__ import annotations

import math

from dnnctl.runner.monitor import Monitor, is_less_better
from dnnctl.specs.metric import NumberMetric
from dnnctl.specs.reading.introspection import kinds_of


def test_a_monitor_counts_the_epochs_since_the_best() -> None:
    monitor = Monitor("val_loss", min_delta=0.1)
    seen = [monitor.see(epoch, value) for epoch, value in enumerate([1.0, 0.95, 0.8, 0.81, math.nan, 0.75], 1)]
    assert seen == [True, False, True, False, False, False]
    assert (monitor.best, monitor.best_epoch, monitor.n_waited) == (0.8, 3, 3)


def test_any_number_is_better_than_a_first_nan() -> None:
    monitor = Monitor("val_loss")
    assert [monitor.see(epoch, value) for epoch, value in enumerate([math.nan, math.nan, 9.0, math.nan], 1)] == [
        True, False, True, False,
    ]  # fmt: skip


def test_higher_scores_are_better() -> None:
    monitor = Monitor("val_accuracy")
    assert [monitor.see(epoch, value) for epoch, value in enumerate([0.5, 0.4, 0.5, 0.6], 1)] == [
        True,
        False,
        False,
        True,
    ]


def test_lower_errors_and_losses_are_better() -> None:
    scores = {"r2", "cosine_similarity"}
    assert {kind for kind in kinds_of([NumberMetric]) if not is_less_better(kind)} == scores
    assert is_less_better("val_loss")
    assert not is_less_better("val_top_5_accuracy")
