"""What a training looks like: live on a terminal, plain lines elsewhere, JSON for programs, or nothing."""

from __future__ import annotations

import os
import sys
from shlex import quote
from typing import Protocol, Self

import typer

from dnnctl.events.event import Downloading, Event, RunEnded, RunOpened, RunStopped
from dnnctl.events.wording import Wording
from dnnctl.store.files import to_json_line


class Display(Protocol):
    """Something that shows facts."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, fact: Event) -> None:
        """Show a fact."""


class NoDisplay:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, fact: Event) -> None:
        """Pass the fact over."""


class JsonDisplay(NoDisplay):
    """One JSON object on each line."""

    def show(self, fact: Event) -> None:
        """Print the fact as JSON."""
        say(to_json_line(fact.as_json()))


class PlainDisplay(NoDisplay):
    """Plain lines, one for each epoch, without control characters."""

    def __init__(self) -> None:
        self.narrator = Wording()
        self.download = ""
        self.path = ""

    def show(self, fact: Event) -> None:
        """Print the fact in words."""
        if isinstance(fact, Downloading) and fact.file != self.download:
            self.download = fact.file
            say(f"downloading {fact.file}")
        if isinstance(fact, RunStopped):
            return  # whoever catches the failure says why
        for line in self.narrator.tell(fact):
            say(line)
        if isinstance(fact, RunOpened):
            self.path = fact.path
            say("loading TensorFlow …")
        if isinstance(fact, RunEnded):
            for line in closing_lines(self.path):
                say(line)


def say(line: str) -> None:
    """Print a line; once nobody reads any more (`| head`, a closed terminal), log.txt alone keeps the lines."""
    try:
        typer.echo(line)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def closing_lines(path: str) -> list[str]:
    """Where the files are, and what to type next."""
    return [f"files: {path}", f"next:  dnnctl show {quote(path)}"]
