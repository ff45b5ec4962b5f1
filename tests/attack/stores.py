"""Damaged stores: the files of runs with wrong bytes, types and values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from attack.attack import Attack, Outcome
from attack.damage import mutate_store
from attack.in_process import call, call_each
from attack.sample_store import put_store, sample_store

UNSEALED = "without seals"
"""What the mutator says if it has also removed the digests, which makes a change impossible to see."""
ANSWERS = ("damaged", "altered", "cannot be read", "missing")
"""Words that tell the user that something is wrong."""
RESULTS = (["show", "--json", "good"], ["compare", "--json", "good", "bad"])
"""Commands that print results, for comparison with those of the undamaged store."""
COMMANDS = (
    ["list", "--columns", "+val_accuracy,optimizer.kind"],
    ["list", "--json"],
    ["show", "good"],
    ["compare", "good", "bad"],
    ["report", "good", "bad", "-o", "runs/report.html"],
    ["remove", "--dry-run", "good"],
    ["remove", "good", "--yes"],
    ["remove", "--restore"],
)


def attack(seed: int) -> Attack:
    """The attack of a seed."""
    return Attack("stores", seed, lambda folder: _act(folder, seed))


def _act(folder: Path, seed: int) -> Iterator[Outcome]:
    (run,) = (path for path in put_store(folder).iterdir() if "good" in path.name)
    is_sealed = UNSEALED not in mutate_store(run, seed)
    results = [call(folder, *command) for command in RESULTS]
    others = call_each(folder, COMMANDS)
    yield from others
    said = "".join(outcome.stdout + outcome.stderr for outcome in (*results, *others)).lower()
    for outcome in results:
        is_silent = is_sealed and outcome.code == 0 and not any(word in said for word in ANSWERS)
        changed = is_silent and _numbers(outcome) != _expected()[tuple(outcome.command)]
        yield Outcome(outcome.command, outcome.code, "", outcome.stderr, "a silent change" if changed else "")


def _numbers(outcome: Outcome) -> Any:
    """The results that a command prints, as JSON without what has nothing to do with them."""
    found = json.loads(outcome.stdout)
    return [found.get(key) for key in ("metrics", "summary", "results", "verdict")]


@cache
def _expected() -> dict[tuple[str, ...], Any]:
    """The results of the undamaged store."""
    folder = sample_store().parent
    return {tuple(command): _numbers(call(folder, *command)) for command in RESULTS}
