"""A fixed sample of the attacks; `make attack` makes them all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from attack import runner
from attack.attack import Attack, Finding, Outcome, faults_of, findings_of
from attack.damage import mutate_store
from attack.environments import ENVIRONMENTS
from attack.sample_store import put_store
from dnnctl.store.record import RunRecord

SAMPLE = {"specs": 200, "stores": 60, "environments": len(ENVIRONMENTS), "links": 40}
"""For each kind of attack the number of its first seeds."""
N_MODELS = 6


@pytest.mark.parametrize("module", SAMPLE)
def test_nothing_breaks_it(module: str) -> None:
    """No traceback, no hang, no other exit code, nothing outside the store changed, no silent change of a result."""
    assert runner.attack_all([(module, seed) for seed in range(SAMPLE[module])]) == []


@pytest.mark.heavy
def test_nothing_breaks_what_uses_a_model() -> None:
    """The same; one process, because each trains a run first."""
    assert runner.attack_all([("models", seed) for seed in range(N_MODELS)], n_workers=1) == []


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (Outcome(["list"], 1, "", ""), "exit code 1"),
        (Outcome(["list"], -11, "", ""), "exit code -11"),
        (Outcome(["list"], 2, "", "x\n" * 21), "21 lines"),
        (Outcome(["list"], 0, "", "Traceback (most recent call last)"), "a traceback"),
        (Outcome(["list"], 0, "\x1b[2J", ""), "prints"),
        (Outcome(["list"], 0, "", "\u202e"), "prints"),
        (Outcome(["list"], 1, "", "", "raised KeyError: 'id'"), "raised KeyError"),
    ],
)
def test_every_fault_is_found(outcome: Outcome, fault: str) -> None:
    """The attacks must not pass because the checks see nothing."""
    assert [found[: len(fault)] for found in faults_of(outcome)] == [fault]
    assert list(faults_of(Outcome(["list"], 2, "", "error: no such run\n"))) == []


def test_a_change_outside_the_store_is_found(tmp_path: Path) -> None:
    def act(folder: Path) -> list[Outcome]:
        (folder / "outside" / "canary.txt").write_text("")
        (folder / "left.txt").touch()
        return []

    found = [finding.what for finding in findings_of(Attack("x", 0, act), tmp_path)]
    assert found == ["a file outside the store was changed", "these files were left: ['left.txt']"]


def test_mutations_are_those_of_their_seed_and_change_something(tmp_path: Path) -> None:
    def content(folder: Path) -> dict[str, bytes | None]:
        return {p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}

    run = next(path for path in put_store(tmp_path).iterdir() if "good" in path.name)
    before = content(run)
    n_changed = 0
    for seed in range(20):
        copies = [Path(shutil.copytree(run, tmp_path / f"{seed}-{place}")) for place in "ab"]
        assert mutate_store(copies[0], seed) == mutate_store(copies[1], seed)
        assert content(copies[0]) == content(copies[1])
        n_changed += content(copies[0]) != before
    assert n_changed >= 18
    assert RunRecord.at(run).altered == {}


CRASH = """
import os
from attack.attack import Attack, Outcome

def attack(seed):
    if seed == 1:
        return Attack("crash", seed, lambda _: os._exit(7))
    return Attack("crash", seed, lambda _: [Outcome(["list"], seed, "", "")])
"""


def test_a_crash_is_a_finding_and_does_not_end_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "attack").mkdir()
    (tmp_path / "attack" / "crash.py").write_text(CRASH)
    monkeypatch.syspath_prepend(tmp_path)
    found = runner.attack_all([("crash", seed) for seed in (0, 1, 2, 4)], n_workers=1)
    assert found == [
        Finding("crash", 1, "the process ended with 7"),
        Finding("crash", 4, "list: exit code 4: ''"),
    ]
