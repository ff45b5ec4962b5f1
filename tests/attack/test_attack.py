"""A fixed sample of the attacks; `make attack` makes them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from attack import runner
from attack.attack import Attack, Finding, Outcome, faults_of, findings_of
from attack.environments import ENVIRONMENTS

SAMPLE = {"specs": 200, "stores": 60, "environments": len(ENVIRONMENTS), "links": 40}
"""For each kind of attack the number of its first seeds."""


@pytest.mark.parametrize("module", [module for module in runner.modules() if module in SAMPLE])
def test_nothing_breaks_it(module: str) -> None:
    """No traceback, no hang, no other exit code, nothing outside the store changed, no silent change of a result."""
    assert runner.attack_all([(module, seed) for seed in range(SAMPLE[module])]) == []


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (Outcome(["list"], 1, "", ""), "exit code 1"),
        (Outcome(["list"], -11, "", ""), "exit code -11"),
        (Outcome(["list"], 2, "", "x\n" * 21), "21 lines"),
        (Outcome(["list"], 0, "", "Traceback (most recent call last)"), "a traceback"),
        (Outcome(["list"], 0, "\x1b[2J", ""), "prints"),
        (Outcome(["list"], 0, "", "\u202e"), "prints"),
        (Outcome(["list"], 1, "", "", "KeyError: 'id'"), "raised KeyError"),
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
