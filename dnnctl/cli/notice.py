"""Notices on standard error: what the user must know in addition to the result."""

from __future__ import annotations

import sys
from contextlib import suppress

from dnnctl.cli.printing import print_text
from dnnctl.cli.table import terminal_width, wrap_text


def print_notice(*lines: str) -> None:
    """Print a notice of one or several lines."""
    with suppress(OSError):  # the terminal may be closed
        width = terminal_width(sys.stderr)
        for number, line in enumerate(lines):
            print_text(wrap_text(line if number else f"note: {line}", width), to_stderr=True)
