"""Light commands in this process: thousands of them in a minute."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from typer.testing import CliRunner

from attack.attack import Outcome
from dnnctl.cli.app import app


def call(folder: Path, *command: str) -> Outcome:
    """Run a command in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(app, list(command))
    finally:
        os.chdir(before)
    is_ended = done.exception is None or isinstance(done.exception, SystemExit)
    raised = "" if is_ended else f"{type(done.exception).__name__}: {str(done.exception)[:200]}"
    return Outcome(command, done.exit_code, done.stdout, done.stderr, raised)


def call_each(folder: Path, commands: Sequence[Sequence[str]]) -> list[Outcome]:
    """Run one command after the other."""
    return [call(folder, *command) for command in commands]
