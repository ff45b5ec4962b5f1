"""Notices on standard error: what the user must know in addition to the result."""

from __future__ import annotations

import sys
from contextlib import suppress

import typer

from dnnctl.cli.table import terminal_width, wrap_text


def print_notice(text: str) -> None:
    """Print a notice."""
    with suppress(OSError):  # the terminal may be closed
        typer.echo(wrap_text(f"note: {text}", terminal_width(sys.stderr)), err=True)
