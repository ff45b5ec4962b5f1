"""How training is shown: live on a terminal, as plain lines elsewhere, as JSON for programs, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote
from typing import Protocol, Self

from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.streams import output_optional
from dnnctl.events.event import Downloading, Event, ModelReady, ReadingFiles, RunEnded, RunOpened, RunStopped
from dnnctl.events.wording import Wording
from dnnctl.store.files import finite_only
from dnnctl.text import visible


class Display(Protocol):
    """Shows events."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, event: Event) -> None:
        """Show an event."""


class NoDisplay:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        """Ignore the event."""


class JsonDisplay(NoDisplay):
    """Prints one JSON object per line."""

    def show(self, event: Event) -> None:
        """Print the event as JSON."""
        _print(lambda: print_json(finite_only(event.as_json())))


class PlainDisplay(NoDisplay):
    """Prints plain lines, one per epoch, without control characters."""

    def __init__(self) -> None:
        self.wording = Wording()
        self.said = ""
        self.path = ""

    def show(self, event: Event) -> None:
        """Print the event in words."""
        if isinstance(event, Downloading):
            self._say_once(f"downloading {event.file}")
        if isinstance(event, ReadingFiles):
            self._say_once(f"reading {event.folder} …")
        if isinstance(event, RunStopped):
            return  # the command prints the reason
        for line in self.wording.lines(event):
            say(line)
        if isinstance(event, RunOpened):
            self.path = event.path
            say("loading TensorFlow …")
        if isinstance(event, ModelReady):
            say("compiling the first step …")
        if isinstance(event, RunEnded):
            for line in closing_lines(self.path):
                say(line)

    def _say_once(self, line: str) -> None:
        if line != self.said:
            self.said = line
            say(line)


def say(line: str) -> None:
    """Print a line. If standard output is closed (`| head`, a closed terminal), lines only go to log.txt."""
    _print(lambda: print_text(visible(line)))


def _print(print_it: Callable[[], None]) -> None:
    with output_optional():
        print_it()


def closing_lines(path: str) -> list[str]:
    """The folder of the run, and a useful next command."""
    return [f"files: {path}", f"next:  dnnctl show {quote(path)}"]
