"""`max_rate: auto`: the rate is found before the first step, once per run, and without side effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dnnctl.commands.fork import fork
from dnnctl.commands.resume import resume
from dnnctl.commands.train import train
from dnnctl.events.event import Event, RateFound, Restored
from dnnctl.store.facts import FoundRate
from recipes import kill_at
from sample_specs import outcome, write_spec

NOISY = {
    "defaults": {"activation": "rrelu", "normalization": "batch", "dropout": {"kind": "dropout", "rate": 0.3}},
    "layers": ["flatten", {"kind": "dense", "units": 8}],
}
CYCLE = {"kind": "one_cycle", "max_rate": "auto", "momentum": {"low": 0.85, "high": 0.95}}


def spec(folder: Path, max_rate: Any = "auto") -> Path:
    return write_spec(folder, model=NOISY, schedule={**CYCLE, "max_rate": max_rate})


def test_a_run_with_the_found_rate_in_its_spec_gives_the_same_bits(tmp_path: Path) -> None:
    events: list[Event] = []
    run = train(spec(tmp_path), runs_dir=tmp_path / "auto", report=events.append)
    (found,) = (event for event in events if isinstance(event, RateFound))
    assert run.facts.rate_finder == {"1": FoundRate(found.max_rate, found.reason)}
    given = train(spec(tmp_path, found.max_rate), runs_dir=tmp_path / "given")
    assert outcome(run) == outcome(given)


def test_the_rate_is_found_once(tmp_path: Path) -> None:
    """A killed run and a fork continue with the rate that was found."""
    whole = train(spec(tmp_path), runs_dir=tmp_path / "whole")
    kill_at("train", spec(tmp_path), tmp_path / "killed", "after_row", 2)
    (path,) = (tmp_path / "killed").iterdir()
    events: list[Event] = []
    assert outcome(resume(path, report=events.append)) == outcome(whole)
    forked = fork(whole.path, ["training.epochs=4"], runs_dir=tmp_path / "forks", report=events.append)
    assert forked.facts.rate_finder == whole.facts.rate_finder
    assert not [event for event in events if isinstance(event, RateFound)]


def test_a_fork_with_another_schedule_tests_the_weights_of_its_parent(tmp_path: Path) -> None:
    """The test runs after the parent's state is restored: on the weights that the schedule starts from."""
    parent = train(spec(tmp_path), runs_dir=tmp_path / "parent")
    events: list[Event] = []
    fork(parent.path, ["training.epochs=4", "schedule.last=0.001"], runs_dir=tmp_path / "fork", report=events.append)
    kinds = [type(event) for event in events if isinstance(event, Restored | RateFound)]
    assert kinds == [Restored, RateFound]
    (found,) = (event for event in events if isinstance(event, RateFound))
    assert found.max_rate != parent.facts.rate_finder["1"].max_rate
