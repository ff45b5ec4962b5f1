"""When the loop validates, and what counts while it does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dnnctl.commands.train import train
from dnnctl.runner.checkpointing.progress import EpochDone
from dnnctl.runner.learning_rates import LearningRates
from dnnctl.runner.loop import Loop
from dnnctl.runner.monitor import Monitor
from dnnctl.runner.phases import PHASE
from dnnctl.runner.schedule import Span
from dnnctl.runner.stage import Stage
from dnnctl.specs.common_kind import NONE
from sample_specs import write_spec


class FakeEngine:
    """An engine of one step, whose loss is 1 in every epoch."""

    train = SimpleNamespace(n=4)
    n_steps = 1
    variables: dict[str, Any] = {}

    def start_epoch(self, _plan: Any) -> None: ...

    def reset_metrics(self) -> None: ...

    def run(self, _start: int, _stop: int) -> None:
        return None

    def results(self) -> dict[str, float]:
        return {"loss": 1.0}

    def stop_reading(self) -> None: ...


def rows(
    n_epochs: int, *, every: int, monitor: str = "val_loss", patience: int | None = None, epochs_before: int = 0
) -> list[EpochDone]:
    losses = iter([5.0, 4.0, 6.0, 7.0, 8.0, 9.0])
    loop = Loop(
        stage=Stage(PHASE, 1, n_epochs, "sgd", patience=patience),
        seed=1,
        engine=FakeEngine(),
        rates=LearningRates(NONE, 0.1, Span(1, n_epochs)),
        validate=lambda: {"loss": next(losses)},
        best=Monitor("val_loss"),
        validate_every=every,
        epochs_before=epochs_before,
        epoch=epochs_before,
        patience=None if patience is None else Monitor(monitor),
    )
    return [done for done in loop.run() if isinstance(done, EpochDone)]


@pytest.mark.parametrize(
    ("n_epochs", "every", "expected"),
    [(4, 1, [1, 2, 3, 4]), (6, 2, [2, 4, 6]), (5, 2, [2, 4, 5]), (3, 10, [3])],
)
def test_every_nth_epoch_and_the_last_one_are_validated(n_epochs: int, every: int, expected: list[int]) -> None:
    assert [done.row["epoch"] for done in rows(n_epochs, every=every) if "val_loss" in done.row] == expected


def test_a_later_phase_counts_its_own_epochs() -> None:
    found = rows(5, every=2, epochs_before=3)
    assert [done.row["epoch"] for done in found if "val_loss" in done.row] == [5, 7, 8]


def test_only_a_validated_epoch_can_be_the_best() -> None:
    """Validation gives 5, 4, 6 in epochs 2, 4 and 6: epochs 2 and 4 are the best so far."""
    assert [done.row["epoch"] for done in rows(6, every=2) if done.is_best] == [2, 4]


def test_patience_counts_validated_epochs_alone() -> None:
    """Values 5, 4, 6, 7 in epochs 2, 4, 6 and 8: two without improvement end in epoch 8."""
    done = rows(20, every=2, patience=2)
    assert (done[-1].row["epoch"], done[-1].stopped_early) == (8, True)


def test_the_epoch_that_ends_training_is_validated() -> None:
    """The training loss never improves, so that patience 2 ends training after epoch 3, between two validations."""
    done = rows(20, every=5, monitor="loss", patience=2)
    assert [each.row.get("val_loss") for each in done] == [None, None, 5.0]
    assert done[-1].is_best


def test_skipping_validation_changes_no_weight(tmp_path: Any) -> None:
    """The oracle: the same training with a validation after every epoch."""
    often, seldom = (
        train(write_spec(tmp_path, training={"epochs": 4, "validation_every": every}), runs_dir=tmp_path / "runs")
        for every in (1, 3)
    )
    assert seldom.summary.state == often.summary.state
    assert [name for row in seldom.rows for name in row if name == "val_loss"] == ["val_loss"] * 2
    shared = [{name: row[name] for name in ("epoch", "loss")} for row in often.rows]
    assert [{name: row[name] for name in ("epoch", "loss")} for row in seldom.rows] == shared
