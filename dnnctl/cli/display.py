"""What a training looks like: live on a terminal, plain lines elsewhere, JSON for programs, or nothing."""

from __future__ import annotations

from typing import Protocol, Self

import typer

from dnnctl.store.files import to_json_line
from dnnctl.training.facts import Downloading, Fact, RunBroken, RunEnded, RunOpened
from dnnctl.training.narration import Narrator


class Display(Protocol):
    """Something that shows facts."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, fact: Fact) -> None:
        """Show a fact."""


class NoDisplay:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, fact: Fact) -> None:
        """Pass the fact over."""


class JsonDisplay(NoDisplay):
    """One JSON object on each line."""

    def show(self, fact: Fact) -> None:
        """Print the fact as JSON."""
        typer.echo(to_json_line(fact.as_json()))


class PlainDisplay(NoDisplay):
    """Plain lines, one for each epoch, without control characters."""

    def __init__(self) -> None:
        self.narrator = Narrator()
        self.download = ""
        self.path = ""

    def show(self, fact: Fact) -> None:
        """Print the fact in words."""
        if isinstance(fact, Downloading) and fact.file != self.download:
            self.download = fact.file
            typer.echo(f"downloading {fact.file}")
        if isinstance(fact, RunBroken):
            return  # whoever catches the failure says why
        for line in self.narrator.tell(fact):
            typer.echo(line)
        if isinstance(fact, RunOpened):
            self.path = fact.path
            typer.echo("loading TensorFlow …")
        if isinstance(fact, RunEnded):
            for line in closing_lines(fact, self.path):
                typer.echo(line)


def closing_lines(fact: RunEnded, path: str) -> list[str]:
    """Where the files are, and what to type next."""
    return [f"files: {path}", f"next:  dnnctl show {fact.summary['id']}"]
