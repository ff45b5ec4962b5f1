"""The one place that prints text.

Names, descriptions, metrics, labels and paths may come from somebody else's spec, data or run. Nothing in them may act
on the terminal: control characters are printed as their codes.
"""

from __future__ import annotations

import json
from typing import Any

import typer

from dnnctl.text import visible_lines


def print_text(text: str = "", *, to_stderr: bool = False, bold: bool = False, dim: bool = False) -> None:
    """Print one or several lines. In a line from somewhere else, also make line breaks visible: `text.visible`."""
    shown = visible_lines(text)
    typer.echo(typer.style(shown, bold=bold or None, dim=dim or None) if bold or dim else shown, err=to_stderr)


def print_json(value: Any, *, indent: int | None = None) -> None:
    """Print a value as JSON, in which all control characters are escaped."""
    typer.echo(json.dumps(value, indent=indent).replace("\x7f", "\\u007f"))


def print_drawing(text: str) -> None:
    """Print a drawing, whose colours are control characters. Its labels must be visible text."""
    typer.echo(text)
