"""What an attack is, and what dnnctl must never do in answer to one."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ALLOWED = {0, 2, 3, 130, 141, 143}
"""Exit codes: done, wrong input, diverged, and ended by SIGINT, SIGPIPE or SIGTERM."""
MAX_LINES = 20
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the terminal; `\r` is among them."""


@dataclass(frozen=True)
class Outcome:
    """How one command ended."""

    command: Sequence[str]
    code: int
    stdout: str
    stderr: str
    fault: str = ""
    """What else went wrong: what the command raised, if it did not end by itself."""


Act = Callable[[Path], Iterable[Outcome]]
"""Does harm in a folder that is empty but for `outside/`, runs commands there, and yields how they end."""


@dataclass(frozen=True)
class Attack:
    """One attack. The same name and seed do the same."""

    name: str
    seed: int
    act: Act
    writes: Sequence[str] = ("runs",)
    """The names in the folder that commands may create or change."""


@dataclass(frozen=True)
class Finding:
    """What dnnctl did that it must not do."""

    attack: str
    seed: int
    what: str

    def __str__(self) -> str:
        return f"{self.attack} (seed {self.seed}): {self.what}"


def findings_of(attack: Attack, folder: Path) -> Iterator[Finding]:
    """Everything that goes wrong when an attack is made in an empty folder."""
    canary = folder / "outside" / "directory"
    canary.mkdir(parents=True)
    for path in (canary.parent / "canary.txt", canary / "canary.txt"):
        path.write_text("This file belongs to somebody else.\n")
    before = _digests(canary.parent)
    outcomes = []
    for outcome in attack.act(folder):
        outcomes.append(outcome)
        for fault in faults_of(outcome):
            yield Finding(attack.name, attack.seed, f"{' '.join(outcome.command)}: {fault}")
    if _digests(canary.parent) != before:
        yield Finding(attack.name, attack.seed, "a file outside the store was changed")
    others = {entry.name for entry in os.scandir(folder)} - {"outside", *attack.writes}
    if others:
        yield Finding(attack.name, attack.seed, f"these files were left: {sorted(others)}")


def faults_of(outcome: Outcome) -> Iterator[str]:
    """What is wrong with the way a command ended."""
    text = outcome.stdout + outcome.stderr
    if outcome.fault:
        yield outcome.fault
    elif outcome.code not in ALLOWED:
        yield f"exit code {outcome.code}: {outcome.stderr[-300:]!r}"
    if "Traceback (most recent call last)" in text:
        yield f"a traceback: {outcome.stderr[-300:]!r}"
    if outcome.code in (2, 3) and outcome.stderr.count("\n") > MAX_LINES:
        yield f"{outcome.stderr.count(chr(10))} lines of errors"
    found = CONTROL.search(text)
    if found:
        yield f"prints {found[0]!r} in {text[max(0, found.start() - 40) : found.end() + 40]!r}"


def _digests(folder: Path) -> dict[str, str]:
    """The digest of each file of a folder, and the names of its directories."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "directory"
        for path in sorted(folder.rglob("*"))
    }
