"""How a sweep is shown: the trials that run on a terminal, a line for each finished trial elsewhere, or JSON."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from typing import Protocol, Self

from dnnctl.cli.choose_display import is_live
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.streams import output_optional
from dnnctl.events.sweep_event import SweepEvent
from dnnctl.events.sweep_wording import sweep_lines
from dnnctl.store.files import finite_only
from dnnctl.text import visible


class SweepDisplay(Protocol):
    """Shows what happens in a sweep."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, event: SweepEvent) -> None:
        """Show an event."""

    def notify(self, text: str) -> None:
        """Show a sentence."""


class NoSweepDisplay:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: SweepEvent) -> None:
        """Ignore the event."""

    def notify(self, text: str) -> None:
        """Ignore the sentence."""


class JsonSweepDisplay(NoSweepDisplay):
    """Prints one JSON object per line."""

    def show(self, event: SweepEvent) -> None:
        """Print the event as JSON."""
        with output_optional():
            print_json(finite_only(event.as_json()))


class PlainSweepDisplay(NoSweepDisplay):
    """Prints a line for each finished trial."""

    def show(self, event: SweepEvent) -> None:
        """Print the event in words."""
        for line in sweep_lines(event):
            self.notify(line)

    def notify(self, text: str) -> None:
        """Print the sentence."""
        with output_optional():
            print_text(visible(text))
            sys.stdout.flush()


def choose_sweep_display(*, quiet: bool, as_json: bool) -> AbstractContextManager[SweepDisplay]:
    """The display for these options and this standard output."""
    if as_json:
        return JsonSweepDisplay()
    if quiet:
        return NoSweepDisplay()
    if is_live():
        from dnnctl.cli.live_sweep import LiveSweepDisplay

        return LiveSweepDisplay(started=time.monotonic())
    return PlainSweepDisplay()
