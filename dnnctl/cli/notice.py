"""Notices on standard error: what the user must know besides the result."""

from __future__ import annotations

from contextlib import suppress

import typer


def print_notice(text: str) -> None:
    """Print a notice."""
    with suppress(OSError):  # the terminal may be closed
        typer.echo(f"note: {text}", err=True)
