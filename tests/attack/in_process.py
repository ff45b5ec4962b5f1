"""Light commands in this process: thousands of them in a minute."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import command_line
from attack.attack import Outcome


def call(folder: Path, *command: str) -> Outcome:
    """Run a command in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        done = command_line.call(*command)
    finally:
        os.chdir(before)
    return Outcome(command, done.exit_code, done.stdout, done.stderr, _fault_of(done))


def call_each(folder: Path, commands: Sequence[Sequence[str]]) -> list[Outcome]:
    """Run one command after the other."""
    return [call(folder, *command) for command in commands]


def _fault_of(done: Any) -> str:
    """What went wrong in this process: an exception, or an error without a message."""
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        return f"raised {type(done.exception).__name__}: {str(done.exception)[:200]}"
    return "no message" if done.exit_code and not done.stderr.strip() else ""
