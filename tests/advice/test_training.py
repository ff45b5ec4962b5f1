"""Advice about the curves of finished trainings: for each kind curves that deserve it, and similar ones that do not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dnnctl.advice.training import advise
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.facts import HistoryEntry, Metrics, Summary
from dnnctl.store.metrics import is_less_better
from dnnctl.store.record import RunRecord
from dnnctl.store.writer import RunWriter

FALLING = [2.0, 1.0, 0.6, 0.5, 0.45, 0.44, 0.43, 0.43, 0.43, 0.43]
"""A loss that has converged after ten epochs."""
MODEL = {"defaults": {"activation": "relu", "dropout": "none"}}


def finished(
    directory: Path,
    val_loss: Sequence[float | None] = FALLING,
    loss: Sequence[float | None] = FALLING,
    *,
    rates: Sequence[float] = (),
    monitor: str = "val_loss",
    stopped_early: bool = False,
    validation: Metrics | None = None,
    baseline: Metrics | None = None,
    n_roll_backs: int = 0,
    **spec: Any,
) -> RunRecord:
    """A finished run with these curves; the monitored metric is that of `val_loss`."""
    plain = {"model": MODEL, "optimizer": {"kind": "sgd", "learning_rate": 0.1}, **spec}
    plain["training"] = {"epochs": len(loss), "early_stopping": "none", "phases": "none", **spec.get("training", {})}
    with RunWriter.create(directory, Blueprint("net", "beef", "", "", plain=plain)) as writer:
        values = list(zip(loss, val_loss, strict=True))
        rows = [
            {"epoch": epoch, "step": epoch, "seconds": 0.1, "learning_rate": rate, "loss": ours, monitor: theirs}
            for epoch, ((ours, theirs), rate) in enumerate(zip(values, rates or [0.1] * len(loss), strict=True), 1)
        ]
        for row in rows:
            writer.append_row(row)
        for number in range(n_roll_backs):
            writer.add_history(HistoryEntry("rolled_back", number=number + 1, factor=0.5))
        choose = min if is_less_better(monitor) else max
        best = choose((row for row in rows if row[monitor] is not None), key=lambda row: row[monitor])
        writer.write_summary(
            Summary(
                len(loss),
                monitor,
                best_epoch=best["epoch"],
                best=best,
                stopped_early=stopped_early,
                validation=validation,
                baseline={"validation": baseline} if baseline else {},
            )
        )
        return writer.read()


def kinds(run: RunRecord) -> list[str]:
    return [each.kind for each in advise(run)]


def test_a_converged_training_gets_no_advice(tmp_path: Path) -> None:
    assert advise(finished(tmp_path)) == []


@pytest.mark.parametrize(
    ("monitor", "values", "gain"),
    [
        ("val_loss", [2.0, 1.0, 0.8, 0.7, 0.6], "14%"),  # 0.7 → 0.6
        ("val_loss", [1.0, 0.9, 0.8, 0.7, 0.62, 0.55, 0.5, 0.47, 0.44, 0.4], "15% in the last 2 epochs"),  # 0.47 → 0.4
        ("val_accuracy", [0.5, 0.7, 0.8, 0.85, 0.88], "20%"),  # the error: 0.15 → 0.12
    ],
)
def test_a_training_that_still_improves_is_too_short(
    monitor: str, values: list[float], gain: str, tmp_path: Path
) -> None:
    """The gains are computed by hand."""
    (found,) = advise(finished(tmp_path, values, values, monitor=monitor))
    assert found.reason == f"{monitor} still improved in the last epoch: by {gain}."
    assert found.changes == (f"training.epochs: {2 * len(values)}",)


@pytest.mark.parametrize(
    "options",
    [
        {"val_loss": [2.0, 1.0, 0.8, 0.7, 0.68]},  # by 3 %
        {"val_loss": [2.0, 1.0, 0.8, 0.6, 0.7]},  # not in the last epoch
        {"val_loss": [2.0, 1.0, 0.8, 0.7, 0.6], "rates": [1.0, 0.8, 0.5, 0.2, 0.01]},  # because the rate was lowered
        {"val_loss": [2.0, 1.0, 0.8, 0.7, 0.6], "stopped_early": True},
        {"val_loss": [2.0, 1.0, 0.8, 0.7, 0.6], "monitor": "loss"},  # the training loss nearly always falls
        {"val_loss": [0.5, 0.7, 0.8, 0.98, 0.981], "monitor": "val_accuracy"},
        {"val_loss": [2.0, 1.0], "loss": [2.0, 1.0]},  # a first look, not a training
    ],
)
def test_a_small_gain_or_one_that_was_planned_is_enough(options: dict[str, Any], tmp_path: Path) -> None:
    assert advise(finished(tmp_path, **{"loss": [2.0, 1.0, 0.9, 0.85, 0.82], **options})) == []


@pytest.mark.parametrize(
    ("training", "change"),
    [
        ({"phases": [{"epochs": 2}, {"epochs": 3}]}, "training.phases.1.epochs: 6"),
        ({"budget": {"minutes": 1.5, "epochs": 5}}, "training.budget.minutes: 3"),
    ],
)
def test_what_decides_the_number_of_epochs_is_changed(training: dict[str, Any], change: str, tmp_path: Path) -> None:
    values = [2.0, 1.0, 0.8, 0.7, 0.6]
    run = finished(tmp_path / "a", values, values, training=training)
    assert [each.changes for each in advise(run)] == [(change,)]
    options = {"rates": TO_THE_FLOOR, "schedule": PERFORMANCE, "training": training}
    (found,) = advise(finished(tmp_path / "b", [*FALLING[:6], *[0.45] * 4], **options))
    assert found.changes == ("schedule.min_rate: 0.0001",)


OVERFITTED = {
    "val_loss": [1.0, 0.6, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75],
    "loss": [1.0, 0.6, 0.5, 0.40, 0.30, 0.20, 0.10, 0.05],
}


def test_overfitting_is_dated(tmp_path: Path) -> None:
    (found,) = advise(finished(tmp_path, **OVERFITTED))
    assert found.reason == (
        "Overfitting since epoch 3: val_loss rose from 0.5000 to 0.7500, while loss fell from 0.5000 to 0.0500."
    )
    assert found.changes == (
        "model.defaults.dropout: {kind: dropout, rate: 0.2}",
        "training.early_stopping: {patience: 3}",
    )


def test_only_what_the_spec_does_not_have_is_advised(tmp_path: Path) -> None:
    """SELU keeps its normalization only with its own dropout."""
    stopping = {"training": {"early_stopping": {"patience": 50}}}
    selu = finished(tmp_path, **OVERFITTED, **stopping, model={"defaults": {"activation": {"kind": "selu"}}})
    assert [each.changes for each in advise(selu)] == [("model.defaults.dropout: {kind: alpha_dropout, rate: 0.1}",)]
    has_dropout = {"defaults": {"activation": "relu", "dropout": {"kind": "dropout", "rate": 0.5}}}
    has_both = finished(tmp_path, **OVERFITTED, **stopping, model=has_dropout)
    (found,) = advise(has_both)
    assert (found.kind, str(found)) == ("overfitting", found.reason)


@pytest.mark.parametrize(
    "options",
    [
        {"val_loss": [1.0, 0.6, 0.50, 0.51, 0.52, 0.53, 0.52, 0.54]},  # by 6 %
        {"val_loss": [1.0, 0.6, 0.55, 0.54, 0.52, 0.5, 0.7, 0.75]},  # for two epochs only
        {"loss": [1.0, 0.6, 0.5, 0.49, 0.52, 0.55, 0.6, 0.5]},  # the training loss rises, too: not overfitting
        {"stopped_early": True},  # early stopping has done its work
        {"val_loss": [1.0, 0.6, 0.5, 0.55, 0.8, 0.53, 0.52, 0.51]},  # a spike
    ],
)
def test_a_validation_loss_that_only_wavers_is_no_overfitting(options: dict[str, Any], tmp_path: Path) -> None:
    assert "overfitting" not in kinds(finished(tmp_path, **{**OVERFITTED, **options}))


@pytest.mark.parametrize(
    ("loss", "changes"),
    [
        ([2.30, 2.29, 2.28, 2.27], ("optimizer.learning_rate: 1",)),  # it hardly falls: the rate is too low
        ([2.3, 9.0, 4.0, 7.0], ("optimizer.learning_rate: 0.01",)),
        ([2.3, 2.31, 2.30, 2.31], ("optimizer.learning_rate: 0.01",)),
        ([2.3, 1.5, 1.0, 0.5], ()),  # it has learned the training examples
    ],
)
def test_a_network_without_a_result_is_compared_with_the_baseline(
    loss: list[float], changes: tuple[str, ...], tmp_path: Path
) -> None:
    run = finished(tmp_path, [2.3] * 4, loss, validation={"loss": 2.3, "accuracy": 0.2}, baseline={"accuracy": 0.2})
    (found,) = advise(run)
    assert found.reason.partition(" The inputs")[0] == (
        "The best weights are no better than the trivial baseline: validation accuracy 0.2000, baseline 0.2000."
    )
    assert found.changes == changes


@pytest.mark.parametrize(
    ("schedule", "change"),
    [
        ({"kind": "one_cycle", "max_rate": 0.5}, "schedule.max_rate: 0.05"),
        ({"kind": "piecewise", "values": [0.5, 0.2]}, "schedule.values: [0.05, 0.02]"),
    ],
)
def test_the_rate_to_change_is_the_one_that_counts(schedule: dict[str, Any], change: str, tmp_path: Path) -> None:
    metrics = {"validation": {"mae": 2.0}, "baseline": {"mae": 1.0}}
    run = finished(tmp_path, [2.3] * 4, [2.3, 9.0, 4.0, 7.0], schedule=schedule, **metrics)
    assert [each.changes for each in advise(run)] == [(change,)]


@pytest.mark.parametrize(
    ("validation", "baseline"),
    [
        ({"mae": 0.9, "r2": 0.1}, {"mae": 1.0}),
        ({"accuracy": 0.2, "f1_score": 0.3}, {"accuracy": 0.2, "f1_score": 0.1}),  # one metric is better
        ({"accuracy": 0.2}, None),
    ],
)
def test_a_network_with_a_result_is_fine(validation: Metrics, baseline: Metrics | None, tmp_path: Path) -> None:
    assert advise(finished(tmp_path, validation=validation, baseline=baseline)) == []


PERFORMANCE = {"kind": "performance", "patience": 2, "min_rate": 0.001}
TO_THE_FLOOR = [0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001, 0.001, 0.001]


def test_a_rate_at_its_floor_is_dated(tmp_path: Path) -> None:
    (found,) = advise(finished(tmp_path, [*FALLING[:6], *[0.45] * 4], rates=TO_THE_FLOOR, schedule=PERFORMANCE))
    assert found.reason.startswith("The learning rate is at its floor since epoch 7, and val_loss has not improved")
    assert found.changes == ("schedule.min_rate: 0.0001", "training.epochs: 7")


@pytest.mark.parametrize(
    "options",
    [
        {"val_loss": [*FALLING[:6], 0.45, 0.45, 0.42, 0.42]},  # it improves at the floor
        {"rates": [*TO_THE_FLOOR[:-4], 0.01, 0.01, 0.001, 0.001]},  # for no longer than the patience
        {"schedule": {**PERFORMANCE, "min_rate": 0.0}},
        {"schedule": {**PERFORMANCE, "min_rate": 0.1}},  # it never was above
        {"n_roll_backs": 1},  # which may take it below
    ],
)
def test_a_rate_near_its_floor_is_fine(options: dict[str, Any], tmp_path: Path) -> None:
    usual = {"val_loss": [*FALLING[:6], *[0.45] * 4], "rates": TO_THE_FLOOR, "schedule": PERFORMANCE}
    assert advise(finished(tmp_path, **{**usual, **options})) == []


def test_damaged_and_unfinished_runs_have_no_advice(tmp_path: Path) -> None:
    """Missing values, NaN losses and a spec of another form raise nothing."""
    run = finished(tmp_path, [2.0, None, None, 1.0], [None, 2.0, 1.0, None], model=3, optimizer=[], schedule=7)
    advise(run)
    run.folder.summary.unlink()
    assert advise(RunRecord(run.folder)) == []
