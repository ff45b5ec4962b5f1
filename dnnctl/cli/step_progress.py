"""The progress of steps that are trained again, on standard error."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Self

from dnnctl.cli.streams import STDERR
from dnnctl.events.event import Event, StepsDone
from dnnctl.text import visible

SECONDS = 0.2
"""Between two updates on a terminal."""
ERASE = "\r\x1b[K"


class StepProgress:
    """Prints to a copy of standard error: commands that train again send what TensorFlow writes there elsewhere."""

    def __init__(self) -> None:
        self._stream = os.fdopen(os.dup(STDERR), "w", encoding="utf-8", errors="replace")
        self._is_terminal = self._stream.isatty()
        self._next = 0.0
        self._has_line = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write(ERASE if self._has_line else "")
        self._stream.close()

    def say(self, text: str) -> None:
        """Print a line."""
        self._write(f"{ERASE if self._has_line else ''}{visible(text)} …\n")
        self._has_line = False

    def show(self, event: Event) -> None:
        """Show the step that was trained last, on a terminal."""
        if isinstance(event, StepsDone) and self._is_terminal and time.monotonic() >= self._next:
            self._write(f"{ERASE}step {event.global_step:,} (epoch {event.epoch})")
            self._has_line = True
            self._next = time.monotonic() + SECONDS

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:  # the terminal may be closed
            self._is_terminal = False
