"""Signals that tell training to stop: the first is heeded in good order, the second at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from dnnctl.errors import InterruptedRunError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SHOW_CURSOR = "\x1b[?25h"


class StopSignals:
    """While it lasts, SIGINT, SIGTERM and SIGHUP stop training.

    Outside `deferred` they raise `InterruptedRunError` at once; inside they are noted in `received`, for the loop to
    look at. A signal that the process was started to ignore, as under `nohup`, stays ignored. Python lets the main
    thread alone handle signals: in another one this does nothing.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.is_deferring = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While it lasts, the first signal is only noted."""
        self.is_deferring = True
        try:
            yield
        finally:
            self.is_deferring = False

    def check(self) -> None:
        """Heed a signal that was noted.

        Raises:
            InterruptedRunError: there was one.
        """
        if self.received is not None:
            raise InterruptedRunError(f"interrupted by {signal.Signals(self.received).name}", self.received)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None:
            _die(number)
        self.received = number
        if not self.is_deferring:
            self.check()


def _die(number: int) -> None:
    """End this process as if the signal had not been handled, with the cursor visible."""
    if sys.stdout.isatty():
        os.write(sys.stdout.fileno(), SHOW_CURSOR.encode())
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
