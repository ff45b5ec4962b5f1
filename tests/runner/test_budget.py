"""The number of epochs for `training.budget`: its arithmetic, and that only the number is left open."""

from __future__ import annotations

import re
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from dnnctl import train
from dnnctl.engine.compilation import Compilation
from dnnctl.errors import UserError
from dnnctl.events.event import BudgetOpened, BudgetSettled, Event
from dnnctl.runner import budget
from dnnctl.runner.budget import Costs, fit_epochs, settle
from dnnctl.runner.forecast import Times
from dnnctl.specs import load
from sample_specs import outcome, write_spec

BATCHES = {"batch_size": 16}


def test_the_epochs_fill_nine_tenths_of_the_budget() -> None:
    """60 s minus the reserve of 6 s and 14 s for the rest leaves 40 s: 20 epochs of 2 s, and 19 of 2.1 s."""
    assert Costs(14.0, 2.0).n_epochs(60.0) == 20
    assert Costs(14.0, 2.1).n_epochs(60.0) == 19
    assert Costs(55.0, 2.0).n_epochs(60.0) == 0


@pytest.mark.parametrize(
    ("switch", "expected", "measured"),
    [
        (30, 20, ["graph"]),  # 20 epochs do not pay for XLA: they were measured as they will be trained
        (10, 39, ["graph", "xla"]),  # 39 with XLA, for which they do
        (100, 20, ["graph"]),
    ],
)
def test_the_speed_is_that_of_the_way_in_which_this_number_of_epochs_is_compiled(
    switch: int, expected: int, measured: list[str]
) -> None:
    """Graph: 14 s and 2 s for each epoch. XLA: 15 s and 1 s. XLA is used for more epochs than `switch`."""
    costs, calls = {"graph": Costs(14.0, 2.0), "xla": Costs(15.0, 1.0)}, ["graph"]

    def measure(mode: str) -> Costs:
        calls.append(mode)
        return costs[mode]

    found, _ = settle("graph", costs["graph"], 60.0, lambda n: "xla" if n > switch else "graph", measure)
    assert (found, calls) == (expected, measured)


def test_if_each_way_leads_to_the_other_the_smaller_number_fits_with_both() -> None:
    """XLA: 24 s and 1 s for each epoch, so 30 fit, for which graph is used. Graph: 26 s and 0.8 s, so 35 fit, for which
    XLA is used. After both measurements 28 are left with XLA.
    """
    xla, graph = Costs(24.0, 1.0), Costs(26.0, 0.8)
    found, costs = settle("xla", xla, 60.0, lambda n: "xla" if n > 32 else "graph", lambda _: graph)
    assert (found, costs) == (28, Costs(26.0, 1.0))


def fixed_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a step takes 10 ms, a validation 0.5 s, starting an epoch 0.1 s and a checkpoint 0.25 s."""
    monkeypatch.setattr(budget, "measure_times", lambda *_: Times(1.0, 0.01, 0.5, 0.1))
    monkeypatch.setattr(budget, "_time_checkpoint", lambda *_: 0.25)


@pytest.mark.parametrize(("every", "validation"), [(1, 0.5), (2, 0.25)])
def test_an_epoch_is_its_start_steps_validation_and_checkpoint(
    every: int, validation: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """96 training examples in batches of 16 are 6 steps."""
    fixed_times(monkeypatch)
    training: dict[str, Any] = {**BATCHES, "validation_every": every, "budget": {"minutes": 30}}
    spec = load(write_spec(tmp_path, training=training)).spec
    found = fit_epochs(spec, started=perf_counter(), folder=tmp_path)
    assert found.costs.epoch == pytest.approx(0.1 + 6 * 0.01 + validation + 0.25 + budget.BOOKKEEPING)
    assert found.epochs == int((0.9 * 1800 - found.costs.otherwise) / found.costs.epoch)
    late = fit_epochs(spec, started=perf_counter() - 600, folder=tmp_path)
    assert late.costs.otherwise > 600  # what was used before counts
    assert late.epochs < found.epochs


def test_a_budget_without_room_for_an_epoch_is_an_error_with_one_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed_times(monkeypatch)
    path = write_spec(tmp_path, training={**BATCHES, "budget": {"minutes": 0.01}})
    with pytest.raises(UserError, match=r"not even one epoch fits into 0\.01 minutes") as caught:
        train(path, runs_dir=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    needed = re.search(r"at least ([\d.]+) minutes", str(caught.value))
    assert needed is not None
    assert float(needed[1]) >= 0.9 / 0.9 / 60


def test_a_budget_leaves_nothing_open_but_the_number_of_epochs(tmp_path: Path) -> None:
    """The measurement changes no bit of the run; its spec trains it again without measuring."""
    path = write_spec(tmp_path, training={**BATCHES, "epochs": 3, "budget": {"minutes": 60}})
    events: list[Event] = []
    run = train(path, runs_dir=tmp_path / "runs", report=events.append)
    opened, settled, *_ = events
    assert opened == BudgetOpened(60)
    assert isinstance(settled, BudgetSettled)
    assert (settled.epochs, settled.is_limited) == (3, True)
    assert [each.name for each in (tmp_path / "runs").iterdir()] == [run.id]
    assert run.spec["training"]["budget"] == {"minutes": 60.0, "epochs": 3}
    plain = train(load(path, ["training.budget=none"]), runs_dir=tmp_path / "plain")
    events.clear()
    again = train(run.folder.spec, runs_dir=tmp_path / "again", report=events.append)
    assert not any(isinstance(event, BudgetOpened | BudgetSettled) for event in events)
    assert outcome(run) == outcome(plain) == outcome(again)


def test_the_first_measurement_compiles_as_many_epochs_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as the default number of epochs, which nobody asked for."""
    chosen: list[int] = []

    def choose(*_: Any, n_steps: int, **__: Any) -> Compilation:
        chosen.append(n_steps)
        return Compilation("graph", "")

    fixed_times(monkeypatch)
    monkeypatch.setattr("dnnctl.runner.setup.choose_compilation", choose)
    fit_epochs(
        load(write_spec(tmp_path, training={**BATCHES, "budget": {"minutes": 30}})).spec,
        started=perf_counter(),
        folder=tmp_path,
    )
    assert chosen[0] == budget.MANY_EPOCHS * 6
