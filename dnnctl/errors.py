"""Every expected failure of dnnctl.

    DnnctlError            exit 1   something is wrong with the environment of dnnctl
    ├── UserError          exit 2   the user's input is wrong
    │   ├── SpecError               a spec has one or more faults
    │   ├── DataError               a data set is missing, damaged or unsuitable
    │   ├── DeviceError             the requested device does not exist
    │   ├── DistributionError       the workers of a distributed training cannot work together
    │   └── RunError                a run does not exist, is ambiguous, is busy or does not support the request
    ├── ExportError        exit 1   an exported model does not run, or does not answer as its network
    ├── WorkerLostError    exit 1   another worker of a distributed training has ended
    ├── DivergedError      exit 3   the loss became infinite or NaN
    └── InterruptedRunError exit 128 + signal   a signal stopped training

A `DnnctlError` is printed without a traceback. Any other exception is a bug and is printed with its traceback.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_REPORT_LINES = 20
MAX_SNIPPET = 100
MAX_MESSAGE = 300
MAX_PLACE = 140
SUGGESTION = re.compile(r"Did you mean .*?\?|Write .*?\.(?=\s|$)")
"""The start of a hint that says what to write."""


class DnnctlError(Exception):
    """An expected failure; its text says what is wrong and what to do."""

    exit_code = 1


class UserError(DnnctlError):
    """The user's input is wrong."""

    exit_code = 2


class DataError(UserError):
    """A data set is missing, damaged, or does not fit the spec."""


class DeviceError(UserError):
    """The spec requests a device that does not exist."""


class DistributionError(UserError):
    """The workers of a distributed training do not find each other, or do not fit together."""


class RunError(UserError):
    """A run does not exist, is ambiguous, is busy, or does not support the request."""


class ExportError(DnnctlError):
    """An exported model does not run, or does not answer as the network that it was made from."""


class WorkerLostError(DnnctlError):
    """Another worker of a distributed training has ended, or cannot be reached."""


class DivergedError(DnnctlError):
    """The training loss became infinite or NaN."""

    exit_code = 3


class InterruptedRunError(DnnctlError):
    """A signal stopped training, after a checkpoint was written.

    Args:
        signal: the number of the signal.
    """

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal


@dataclass(frozen=True)
class Place:
    """A place in a text. Lines and columns count from 1; a line of 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0
    text: str = ""

    def __str__(self) -> str:
        file = _shorten_inside(self.file, MAX_PLACE)
        return f"{file}:{self.line}:{self.column}" if self.line else file


@dataclass(frozen=True)
class Fault:
    """One fault of a spec: the broken rule, where, and how to fix it."""

    rule: str
    path: str = ""
    place: Place | None = None
    received: str = ""
    hint: str = ""

    def line(self) -> str:
        """The fault on one line, with its suggestion."""
        suggestion = SUGGESTION.match(self.hint)
        return shorten(f"{self.lines()[0]} {suggestion[0] if suggestion else ''}", MAX_MESSAGE)

    def lines(self) -> list[str]:
        """The fault as at most three lines of text: the rule, the source line, the hint."""
        path = _shorten_inside(self.path, MAX_SNIPPET)
        head = ": ".join(str(part) for part in (self.place, path) if part)
        message = f"{self.rule}." if not self.rule.endswith((".", "?")) else self.rule
        if self.received:
            message += f" Received: {self.received}."
        lines = [shorten(f"{head}: {message}" if head else message, MAX_MESSAGE)]
        if self.place and self.place.line and self.place.text.strip():
            lines.append(f"{self.place.line:>6} | {shorten(self.place.text, MAX_SNIPPET)}")
        if self.hint:
            lines.append(f"       {shorten(self.hint, MAX_MESSAGE)}")
        return lines


class SpecError(UserError):
    """All faults of a spec; the text has at most 20 lines."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(report(self.faults))


def report(faults: Sequence[Fault], max_lines: int = MAX_REPORT_LINES) -> str:
    """The faults as text. If there are too many lines, later faults get one line each, and the rest are counted."""
    whole = [fault.lines() for fault in faults]
    n_whole = len(faults)
    while n_whole > 1 and sum(map(len, whole[:n_whole])) + len(faults) - n_whole > max_lines:
        n_whole -= 1
    lines = [line for entry in whole[:n_whole] for line in entry] + [fault.line() for fault in faults[n_whole:]]
    if len(lines) > max_lines:
        n_left = len(lines) - max_lines + 1
        lines = [*lines[: max_lines - 1], f"… and {n_left} more. Fix these first."]
    return "\n".join(lines)


def shorten(text: str, width: int) -> str:
    """The text on one line of at most `width` printable characters."""
    flat = "".join(char if char.isprintable() else "·" for char in " ".join(text.rstrip().splitlines()))
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def _shorten_inside(text: str, width: int) -> str:
    """The start and the end of a text, of at most `width` characters together."""
    return text if len(text) <= width else f"{text[: width // 2]}…{text[-(width - width // 2 - 1) :]}"
