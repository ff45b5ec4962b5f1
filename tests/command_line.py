"""Commands as users type them, in this process."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner

from dnnctl.cli.app import app


def call(*arguments: Any) -> Any:
    """The result of a command: `exit_code`, `stdout`, `stderr` and `output`, which is both."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])
