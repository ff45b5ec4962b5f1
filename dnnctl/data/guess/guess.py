"""What was found in a file or a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dnnctl.data.dataset import Task
from dnnctl.text import suggest

TARGETS = ("target", "targets", "label", "labels", "class", "y", "outcome", "response", "output")
"""Names of columns that are the target, in lower case; the first one that exists is taken."""


@dataclass(frozen=True)
class Entry:
    """A key of the `source` section."""

    key: str
    value: Any
    comment: str = ""


@dataclass(frozen=True)
class Guess:
    """A source, and what a spec for it must know."""

    entries: tuple[Entry, ...]
    """The keys of the source after `kind` and `path`."""
    kind: str
    task: Task
    input_shape: tuple[int, ...] | None = None
    """The shape of an example; None for the rows of a table, and for images."""
    has_validation: bool = False
    """Whether the source has a validation split of its own."""
    findings: tuple[str, ...] = ()
    """What the user should know: what was guessed, and how to change it."""


def named(names: Iterable[str], wanted: Iterable[str]) -> str | None:
    """The first of the wanted names that exists, ignoring case, as it is spelled."""
    spelled = {name.lower(): name for name in reversed(list(names))}
    return next((spelled[name] for name in wanted if name in spelled), None)


def no_such(what: str, name: str, names: Iterable[str], path: str) -> str:
    """The message for a target that does not exist."""
    return f"{path} has no {what} '{name}'. {suggest(name, names)}"
