"""Signals that stop training: the first one cleanly, the second one at once."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from dnnctl.errors import InterruptedRunError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""Clusters send SIGUSR1 shortly before they end a job."""
SHOW_CURSOR = "\x1b[?25h"


class Interrupts:
    """A context in which SIGINT, SIGTERM, SIGHUP and SIGUSR1 stop training.

    The first signal raises `InterruptedRunError`; inside `deferred` it is only stored in `received`, for the loop to
    check. The second signal ends the process. A signal that is ignored when the process starts, as under `nohup`,
    stays ignored. Only the main thread of Python can handle signals: in any other thread this does nothing.

    Python calls a handler only between two bytecode instructions, but compiling a large network is a single call into
    TensorFlow that may take a minute. A thread therefore counts the signals: Python's wake-up file descriptor
    notifies it of each one as it arrives.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.is_deferring = False
        self._before: dict[int, Any] = {}
        self._counter: _Counter | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
            self._counter = _Counter(self._before)
        return self

    def __exit__(self, *_: object) -> None:
        if self._counter is not None:
            self._counter.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A context in which the first signal is only stored."""
        self.is_deferring = True
        try:
            yield
        finally:
            self.is_deferring = False

    def check(self) -> None:
        """Raise if a signal has been received.

        Raises:
            InterruptedRunError: a signal has been received.
        """
        if self.received is not None:
            raise InterruptedRunError(f"interrupted by {signal.Signals(self.received).name}", self.received)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            if not self.is_deferring:
                self.check()


class _Counter:
    """A thread that ends the process on the second signal, whatever the main thread is doing.

    Args:
        handled: the signals that count.
    """

    def __init__(self, handled: Iterable[int]) -> None:
        self.handled = frozenset(handled)
        self._ours, self._pythons = socket.socketpair()
        self._pythons.setblocking(False)
        self._before = signal.set_wakeup_fd(self._pythons.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._count, name="signals", daemon=True).start()

    def stop(self) -> None:
        """Stop counting."""
        signal.set_wakeup_fd(self._before)
        self._pythons.close()

    def _count(self) -> None:
        n_received = 0
        with self._ours:
            while numbers := self._ours.recv(1):
                n_received += numbers[0] in self.handled
                if n_received > 1:
                    _end_at_once(numbers[0])


def _end_at_once(number: int) -> None:
    """Show the cursor again and end this process with the exit code of the signal."""
    with suppress(OSError):
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), SHOW_CURSOR.encode())
    os._exit(128 + number)
