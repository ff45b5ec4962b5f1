"""Notices on standard error: what the user must know in addition to the result."""

from __future__ import annotations

import sys
from contextlib import suppress

from dnnctl.cli.printing import print_text
from dnnctl.cli.table import terminal_width, wrap_text


def print_notice(text: str) -> None:
    """Print a notice."""
    with suppress(OSError):  # the terminal may be closed
        print_text(wrap_text(f"note: {text}", terminal_width(sys.stderr)), to_stderr=True)
