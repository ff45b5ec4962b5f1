"""`bisect`: the runs of a bisection, those of an earlier call, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dnnctl.commands import bisect as module
from dnnctl.commands.bisect import BisectPlan, Trained, bisect, plan_bisect
from dnnctl.errors import DivergedError, Fault, InterruptedRunError, SpecError, UserError
from dnnctl.specs import LoadedSpec, to_plain
from dnnctl.store.catalog import list_runs
from dnnctl.store.facts import DataFacts, RunFacts, Summary
from dnnctl.store.record import RunRecord, Status
from sample_specs import small_spec

Spec = dict[str, Any]
SLOW = 0.001
"""The rate that is planted: nothing is learned with it."""


def recipes(folder: Path, **changed: Any) -> tuple[Path, Path]:
    """Two spec files: the second has a rate that is too low, and another momentum, batch size and number of units."""
    base = small_spec(folder)
    optimizer = {"kind": "sgd", "learning_rate": SLOW, "momentum": 0.85}
    model = {**base["model"], "layers": ["flatten", {"kind": "dense", "units": 9}]}
    training = {"batch_size": 15, "epochs": 3}
    other = {**base, "name": "slow", "optimizer": optimizer, "model": model, "training": training, **changed}
    paths = folder / "fast.yaml", folder / "slow.yaml"
    for path, spec in zip(paths, ({**base, "name": "fast"}, other), strict=True):
        path.write_text(yaml.safe_dump(spec))
    return paths


def finished(name: str, seed: int, accuracy: float, data: str = "d") -> RunRecord:
    """A finished run that is in no store."""
    run = RunRecord.at(Path(f"20260101-000000-{name}-{seed:04d}"))
    measured = {"loss": 0.5, "accuracy": accuracy}
    summary = Summary(1, "val_loss", validation=measured, test=measured)
    facts = RunFacts(seed=seed, data=DataFacts(data, "s"))
    vars(run).update(status=Status.FINISHED, _facts=(facts, []), _summary=(summary, []), altered={})
    return run


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Spec]:
    """The specs that are trained. Training is replaced: only the rate has an effect."""
    specs: list[Spec] = []

    def train(loaded: LoadedSpec, **_: Any) -> RunRecord:
        plain = to_plain(loaded.spec)
        specs.append(plain)
        noise = np.random.default_rng(len(specs)).normal(0, 0.01)
        return finished(plain["name"], plain["seed"], 0.5 + 0.4 * (plain["optimizer"]["learning_rate"] > SLOW) + noise)

    monkeypatch.setattr(module, "train", train)
    return specs


def planned(folder: Path, **changed: Any) -> BisectPlan:
    """The plan for these recipes."""
    return plan_bisect(*recipes(folder, **changed), runs_dir=folder / "runs")


def test_the_planted_key_is_found_and_all_runs_are_paired(tmp_path: Path, trained: list[Spec]) -> None:
    """Every recipe has runs of the seeds of A, and what is found is tested with seeds that the search did not use."""
    result = bisect(planned(tmp_path), runs_dir=tmp_path / "runs")
    assert (result.keys, result.finding.reason, result.metric) == (["optimizer.learning_rate"], "", "test_accuracy")
    assert {spec["name"] for spec in trained} == {"bisect-fast-slow"}
    of_b = {spec["seed"] for spec in trained if spec["training"]["batch_size"] == 15}
    assert of_b <= set(range(42, 48))
    assert {each.seed for each in result.trained} - of_b >= {48, 49, 50}
    assert result.as_object()["n_trainings"] == len(trained) <= 40


def test_recipes_that_are_no_valid_specs_or_diverge_are_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: list[Spec]
) -> None:
    """They carry nothing; the search continues without them."""
    works = module.train

    def fails(loaded: LoadedSpec, **options: Any) -> Any:
        plain = to_plain(loaded.spec)
        is_wide, is_slow = plain["model"]["layers"][1]["units"] == 9, plain["optimizer"]["learning_rate"] == SLOW
        if is_wide and not is_slow:
            raise DivergedError("diverged") if plain["seed"] % 2 else SpecError([Fault("does not fit")])
        return works(loaded, **options)

    monkeypatch.setattr(module, "train", fails)
    heard: list[Trained] = []
    result = bisect(planned(tmp_path), runs_dir=tmp_path / "runs", on_trained=heard.append)
    assert (result.keys, result.finding.reason) == (["optimizer.learning_rate"], "")
    assert {each.reason for each in heard if each.score is None} <= {"diverges", "is not a valid spec: does not fit"}
    assert any(each.score is None for each in heard)
    assert len(trained) == sum(bool(each.run) for each in heard)


def test_results_on_other_examples_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data of B differ from those of A."""

    def train(loaded: LoadedSpec, **_: Any) -> RunRecord:
        return finished("net", loaded.spec.seed, 0.5, data=str(loaded.spec.optimizer.learning_rate))

    monkeypatch.setattr(module, "train", train)
    with pytest.raises(UserError, match="was measured on other test examples"):
        bisect(planned(tmp_path), runs_dir=tmp_path / "runs")


def test_an_unknown_metric_is_refused_with_those_that_were_measured(tmp_path: Path, trained: list[Spec]) -> None:
    """After the first training, before any other one."""
    with pytest.raises(UserError, match=r"--metric: auc. Measured were test_loss, test_accuracy, val_loss"):
        bisect(planned(tmp_path), metric="auc", runs_dir=tmp_path / "runs")
    assert len(trained) == 1


def test_losses_of_different_kinds_are_not_compared(tmp_path: Path, trained: list[Spec]) -> None:
    """They have different scales. Nothing is trained."""
    with pytest.raises(UserError, match="--metric: val_loss of A and B cannot be compared"):
        bisect(planned(tmp_path, loss="mse"), metric="val_loss", runs_dir=tmp_path / "runs")
    assert not trained


def test_a_bisection_that_could_give_no_answer_is_refused(tmp_path: Path) -> None:
    """Before anything is trained."""
    a, b = recipes(tmp_path)
    with pytest.raises(UserError, match=r"--budget: must be at least 14 with 3 seeds. Received: 13"):
        plan_bisect(a, b, budget=13)
    with pytest.raises(UserError, match="do not differ in any key"):
        plan_bisect(a, a)


def test_an_interrupted_bisection_says_how_to_continue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is that of the signal."""

    def train(*_: Any, **__: Any) -> None:
        raise InterruptedRunError("stopped", 2)

    monkeypatch.setattr("dnnctl.commands.bisect.train", train)
    with pytest.raises(InterruptedRunError, match="the same command again continues") as caught:
        bisect(planned(tmp_path), runs_dir=tmp_path / "runs")
    assert caught.value.exit_code == 130


@pytest.mark.heavy
def test_real_recipes_are_bisected_and_the_same_command_again_trains_nothing(tmp_path: Path) -> None:
    """A learning rate that is too low is found among four keys; every run exists once, for its recipe and seed."""
    runs_dir = tmp_path / "runs"
    first = bisect(planned(tmp_path), metric="loss", runs_dir=runs_dir)
    assert (first.keys, first.finding.reason) == (["optimizer.learning_rate"], "")
    again = bisect(planned(tmp_path), metric="loss", runs_dir=runs_dir)
    assert again == first
    assert {each.run for each in first.trained} == {run.id for run in list_runs(runs_dir)}
