"""Damaged stores: the files of runs with wrong bytes, types and values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from attack.attack import Attack, Outcome
from attack.damage import UNSEALED, mutate_store
from attack.in_process import call, call_each
from attack.sample_store import put_store, sample_store

ANSWERS = ("damaged", "altered", "cannot be read", "missing")
"""Words that say to the user that something is wrong. JSON always has some of them, as keys."""
RESULTS = (["show", "--json", "good"], ["compare", "--json", "good", "bad"])
"""Commands that print results, for comparison with those of the undamaged store."""
COMMANDS = (
    ["list"],
    ["list", "--json", "--columns", "+seed,+parameters,+device,+val_accuracy,+test_accuracy,+parent,+optimizer.kind"],
    ["list", "--sort", "best_epoch", "--filter", "epochs >= 0", "--disk"],
    ["list", "--csv"],
    ["show", "good"],
    ["show", "RUN"],
    ["show", "--json", "RUN"],
    ["compare", "RUN", "bad"],
    ["compare", "--json", "RUN", "bad"],
    ["compare", "bad", "--markdown"],
    ["report", "RUN", "bad", "-o", "runs/report.html"],
    ["remove", "--dry-run", "RUN"],
    ["remove", "--dry-run", "--keep-best", "1"],
)
"""Commands, where RUN is the path of the damaged run."""


def attack(seed: int) -> Attack:
    """The attack of a seed."""
    return Attack("stores", seed, lambda folder: _act(folder, seed))


def _act(folder: Path, seed: int) -> Iterator[Outcome]:
    (run,) = (path for path in put_store(folder).iterdir() if "good" in path.name)
    is_sealed = UNSEALED not in mutate_store(run, seed)
    results = [call(folder, *command) for command in RESULTS]
    others = call_each(folder, [[word.replace("RUN", str(run)) for word in command] for command in COMMANDS])
    yield from (*others, *remove(folder, run))
    said = "".join(outcome.stdout + outcome.stderr for outcome in others if "--json" not in outcome.command).lower()
    for outcome in results:
        is_silent = is_sealed and outcome.code == 0 and not any(word in said for word in ANSWERS)
        changed = is_silent and _numbers(outcome) != _expected()[tuple(outcome.command)]
        yield replace(outcome, fault="a silent change" if changed else outcome.fault)


def remove(folder: Path, run: Path) -> Iterator[Outcome]:
    """Remove a damaged run, which always works, and restore it."""
    is_locked = (run / ".lock").is_dir()  # then nothing shows that no process trains the run
    done = call(folder, "remove", str(run), "--yes")
    is_right = done.code == (2 if is_locked else 0)
    yield done if is_right else replace(done, fault=done.fault or f"exit code {done.code}: {done.stderr[-300:]!r}")
    yield call(folder, "remove", "--restore")


def _numbers(outcome: Outcome) -> Any:
    """The results that a command prints, as JSON without what has nothing to do with them."""
    found = json.loads(outcome.stdout)
    return [found.get(key) for key in ("metrics", "summary", "results", "verdict")]


@cache
def _expected() -> dict[tuple[str, ...], Any]:
    """The results of the undamaged store."""
    folder = sample_store().parent
    outcomes = [call(folder, *command) for command in RESULTS]
    assert all(outcome.code == 0 for outcome in outcomes), "otherwise nothing would be compared"
    return {tuple(outcome.command): _numbers(outcome) for outcome in outcomes}
