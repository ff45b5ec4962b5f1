"""A training that diverges goes back to the best state of its stage with lower rates. It ends in the same bits however
it is interrupted. Kills are in `test_resume.py`."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from dnnctl.commands.fork import fork
from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.engine.engine import Engine
from dnnctl.errors import DivergedError, InterruptedRunError, RunError
from dnnctl.events.event import Event, RolledBack, StepsDone
from dnnctl.runner.checkpointing import checkpointer
from dnnctl.specs import load
from dnnctl.store.catalog import list_runs
from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.record import RunRecord, Status
from recipes import spec_of
from sample_specs import outcome, write_spec

RECIPE = "roll-back after the best epoch"
"""Six steps an epoch. The rate is 0.05 in epoch 1, and 10,000 from the fourth step of epoch 2."""
ROLL_BACK = {"kind": "roll_back", "factor": 0.1, "times": 2}


@dataclass
class Trained:
    spec: Path
    run: RunRecord
    events: list[Event]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The recipe, trained without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    events: list[Event] = []
    spec = spec_of(RECIPE, folder)
    return Trained(spec, train(spec, runs_dir=folder / "runs", report=events.append), events)


def test_each_roll_back_multiplies_the_rates_of_the_schedule(trained: Trained) -> None:
    """The formula: after n roll-backs with the factor f, the rate of each step is f^n times that of the schedule."""
    rates = [row["learning_rate"] for row in trained.run.rows]
    n = len(trained.run.roll_backs)
    assert n == 2
    assert rates == pytest.approx([0.05, *[1e4 * 0.01**n] * 3])


def test_roll_backs_are_reported_and_recorded(trained: Trained) -> None:
    """They go to the end of epoch 1, which the rows and TensorBoard's files are cut back to."""
    reported = [event for event in trained.events if isinstance(event, RolledBack)]
    recorded = trained.run.roll_backs
    assert [(each.number, each.factor) for each in recorded] == [(1, 0.01), (2, pytest.approx(0.0001))]
    assert {(each.checkpoint, each.initial_epoch, each.step) for each in recorded} == {("epoch-0001-step-6", 1, 6)}
    for event, entry in zip(reported, recorded, strict=True):
        assert (event.number, event.factor, event.reason, event.checkpoint, event.initial_epoch, event.step) == (
            (entry.number, entry.factor, entry.reason, entry.checkpoint, entry.initial_epoch, entry.step)
        )
        assert f"{event.reason}\n# rolled back to {event.checkpoint}" in trained.run.folder.log.read_text()
    assert [row["epoch"] for row in trained.run.rows] == [1, 2, 3, 4]
    import tensorflow as tf

    files = sorted((trained.run.folder.tensorboard / "validation").iterdir())
    records = [data.numpy() for file in files for data in tf.data.TFRecordDataset(str(file))]
    steps = [event.step for event in map(tf.compat.v1.Event.FromString, records) if event.summary.value]
    assert steps == [1, 2, 3, 4]


@pytest.mark.parametrize("step", [7, 10])
def test_the_checkpoint_of_an_interruption_is_not_gone_back_to(step: int, trained: Trained, tmp_path: Path) -> None:
    """SIGTERM before the loss explodes, and just before the steps that roll back: the same bits."""
    has_stopped = False

    def interrupt(event: Event) -> None:
        nonlocal has_stopped
        if isinstance(event, StepsDone) and event.global_step >= step and not has_stopped:
            has_stopped = True
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(InterruptedRunError):
        train(trained.spec, runs_dir=tmp_path, report=interrupt)
    (run,) = list_runs(tmp_path)
    assert len(run.roll_backs) == (step == 10)
    assert outcome(resume(run.path)) == outcome(trained.run)


def test_its_checkpoint_is_never_skipped(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if every checkpoint before is still being written when the next is due."""

    class Slow(Thread):
        def is_alive(self) -> bool:
            return True

    monkeypatch.setattr(checkpointer, "Thread", Slow)
    run = train(trained.spec, runs_dir=tmp_path)
    assert outcome(run) == outcome(trained.run)
    assert list_checkpoints(run.folder.checkpoints)[0].name == "epoch-0001-step-6"


def test_after_the_last_roll_back_training_stops(trained: Trained, tmp_path: Path) -> None:
    """As without roll-backs: exit code 3, a run that resume refuses, and that a fork continues from its best epoch."""
    spec = load(trained.spec, ["training.on_divergence.times=1"])
    with pytest.raises(DivergedError, match=r"was rolled back 1 time before") as caught:
        train(spec, runs_dir=tmp_path)
    (run,) = list_runs(tmp_path)
    assert caught.value.exit_code == 3
    assert (run.status, len(run.roll_backs)) == (Status.DIVERGED, 1)
    with pytest.raises(RunError, match="has diverged"):
        resume(run.path)
    forked = fork(run.path, ["training.epochs=2"])
    assert [row["learning_rate"] for row in forked.rows] == pytest.approx([0.05, 100.0])


def test_a_fork_keeps_the_lower_rates_unless_it_changes_them(trained: Trained, tmp_path: Path) -> None:
    """Its own roll-backs count from 1. They go back to the state in which it starts, if no later one is better."""
    kept = fork(trained.run.path, ["training.epochs=5"], runs_dir=tmp_path / "a")
    assert kept.rows[-1]["learning_rate"] == pytest.approx(1.0)
    changed = fork(
        trained.run.path,
        ["training.epochs=5", "schedule.values=[0.05, 1e30]", "training.on_divergence.factor=1e-30"],
        runs_dir=tmp_path / "b",
    )
    assert changed.rows[-1]["learning_rate"] == pytest.approx(1.0)
    assert [(each.number, each.checkpoint) for each in changed.roll_backs] == [(1, "epoch-0004-step-24")]


def test_an_infinite_validation_loss_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first measurement is at the start, the third after epoch 2."""
    evaluate, n_calls = Engine.evaluate, 0

    def fail_once(engine: Engine, part: Any) -> dict[str, float]:
        nonlocal n_calls
        n_calls += 1
        found = evaluate(engine, part)
        return {**found, "loss": float("inf")} if n_calls == 3 else found

    monkeypatch.setattr(Engine, "evaluate", fail_once)
    run = train(write_spec(tmp_path, training={"epochs": 3, "on_divergence": ROLL_BACK}), runs_dir=tmp_path)
    assert [(each.reason, each.checkpoint) for each in run.roll_backs] == [
        ("The validation loss became infinite or NaN in epoch 2.", "epoch-0001-step-3")
    ]
    assert [row["learning_rate"] for row in run.rows] == pytest.approx([0.1, 0.01, 0.01])


@pytest.mark.parametrize("validation", [["data.validation=none"], []])
def test_epochs_of_an_explosion_are_not_gone_back_to(validation: list[str], trained: Trained, tmp_path: Path) -> None:
    """The losses of the first epochs are finite, but far above that at the start: without validation data, that of the
    first step."""
    overrides = ["schedule=none", "optimizer.learning_rate=10", "training.epochs=6", "training.on_divergence.times=1"]
    run = train(load(trained.spec, [*overrides, *validation]), runs_dir=tmp_path)
    (entry,) = run.roll_backs
    assert "of epoch 1" not in str(entry.reason)
    assert (entry.checkpoint, entry.step) == ("epoch-0000-step-0", 0)


def test_the_measurement_at_the_start_changes_no_bit(trained: Trained, tmp_path: Path) -> None:
    """Also in the middle of an epoch, whose metrics are incomplete: a fork is the same with and without roll-backs."""

    def interrupt(event: Event) -> None:
        if isinstance(event, StepsDone) and event.global_step == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    stop, roll_back = "training.on_divergence=stop", "training.on_divergence=roll_back"
    with pytest.raises(InterruptedRunError):
        train(load(trained.spec, ["schedule=none", "training.epochs=2", stop]), runs_dir=tmp_path, report=interrupt)
    (run,) = list_runs(tmp_path)
    assert list_checkpoints(run.folder.checkpoints)[-1].step in range(1, 6)
    forks = [fork(run.path, [f"description={word}", word], runs_dir=tmp_path) for word in (stop, roll_back)]
    assert outcome(forks[0]) == outcome(forks[1])
