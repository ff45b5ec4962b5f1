"""Where the number of epochs must be known, a spec that leaves it open is refused with the way out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dnnctl.commands.check import check
from dnnctl.commands.fork import fork
from dnnctl.commands.plan import plan
from dnnctl.commands.repetitions import train_repetitions
from dnnctl.commands.sweep import planned_trials, sweep
from dnnctl.commands.train import create_run, dry_run
from dnnctl.commands.verify_resume import verify_resume
from dnnctl.errors import UserError
from dnnctl.events.event import BudgetSettled
from dnnctl.specs import load
from dnnctl.specs.reading.load_sweep import load_sweep
from dnnctl.store.catalog import keep_silent
from sample_specs import write_spec

OPEN = {"batch_size": 16, "budget": {"minutes": 60}}


def write_sweep(folder: Path) -> Path:
    path = folder / "sweep.yaml"
    path.write_text(
        "spec: small.yaml\nparameters: {optimizer.momentum: [0.8, 0.9]}\nsearch: grid\nobjective: {metric: val_loss}\n"
    )
    return path


def write_parent(folder: Path) -> Path:
    loaded = load(folder / "small.yaml", ["training.budget=none"])
    return create_run(loaded, folder / "parents", keep_silent)


ATTEMPTS: dict[str, Callable[[Path], object]] = {
    "--seeds": lambda folder: train_repetitions(
        load(folder / "small.yaml"), folder / "small.yaml", folder / "runs", n_seeds=2
    ),
    "sweep": lambda folder: sweep(write_sweep(folder), runs_dir=folder / "runs"),
    "sweep --dry-run": lambda folder: planned_trials(load_sweep(write_sweep(folder))),
    "verify-resume": lambda folder: verify_resume(folder / "small.yaml", [], folder, n_kills=1, report=print),
    "fork": lambda folder: fork(write_parent(folder), ["training.budget.minutes=60"]),
}


@pytest.mark.parametrize("attempt", list(ATTEMPTS))
def test_what_needs_the_number_of_epochs_refuses_an_open_budget(attempt: str, tmp_path: Path) -> None:
    write_spec(tmp_path, training=OPEN)
    with pytest.raises(UserError, match=r"must know it.*--set training\.budget=none --set training\.epochs=N"):
        ATTEMPTS[attempt](tmp_path)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("training", "words"), [({}, "the number of epochs"), ({"epochs": 50}, "at most 50 epochs")])
def test_check_says_what_will_be_chosen(training: dict[str, int], words: str, tmp_path: Path) -> None:
    checked = check(write_spec(tmp_path, training={**OPEN, **training}))
    assert f"chooses {words} that fit into 60 minutes" in checked.note
    settled = {"batch_size": 16, "budget": {"minutes": 60, "epochs": 37}}
    assert check(write_spec(tmp_path, training=settled)).note == ""


def test_advice_about_the_length_of_training_waits_until_it_is_known(tmp_path: Path) -> None:
    """A warmup of 900 steps is much for the default number of epochs, but not for hours."""
    schedule = {"kind": "cosine", "warmup": {"steps": 900}}
    path = write_spec(tmp_path, training=OPEN, schedule=schedule, data={"source": "fashion_mnist_sample"})
    assert [each.rule.id for each in check(path).advice if "warmup" in each.rule.id] == []
    closed = check(path, ["training.budget=none", "training.epochs=2"])
    assert [each.rule.id for each in closed.advice if "warmup" in each.rule.id] == ["warmup-length"]


@pytest.mark.heavy
def test_plans_and_dry_runs_show_the_number_that_would_be_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only training without a measurement leaves it open, and says so."""
    from dnnctl.runner import budget

    costs = budget.Costs(otherwise=14.0, epoch=2.0)
    monkeypatch.setattr(budget, "fit_epochs", lambda *_, **__: budget.Fit(7, costs, is_limited=False))
    path, events = write_spec(tmp_path, training=OPEN), []
    spec = dry_run(path, runs_dir=tmp_path / "runs", report=events.append)
    assert (spec.training.epochs, spec.training.is_settled) == (7, True)
    assert BudgetSettled(60, 7, 2.0, 14.0, is_limited=False) in events
    assert plan(path, runs_dir=tmp_path / "runs").epochs == 7
    untimed = plan(path, runs_dir=tmp_path / "runs", is_timed=False)
    assert any("training.budget" in gap for gap in untimed.gaps)
    assert not (tmp_path / "runs").exists()
