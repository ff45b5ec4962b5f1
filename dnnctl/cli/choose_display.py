"""Choosing how training is shown."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnnctl.cli.display import Display


def choose_display(*, quiet: bool, as_json: bool) -> AbstractContextManager[Display]:
    """The display for these options and this standard output."""
    from dnnctl.cli.display import JsonDisplay, NoDisplay, PlainDisplay

    if as_json:
        return JsonDisplay()
    if quiet:
        return NoDisplay()
    if is_live():
        from dnnctl.cli.live import LiveDisplay

        return LiveDisplay()
    return PlainDisplay()


def is_live() -> bool:
    """Whether standard output is a terminal that understands cursor movements."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
