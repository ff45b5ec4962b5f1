"""Signals that stop training: the first one cleanly, the second one at once."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from dnnctl.errors import InterruptedRunError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""The signals that stop training. Clusters send SIGUSR1 or SIGUSR2 shortly before they end a job."""
SHOW_CURSOR = "\x1b[?25h"


class _Stop(BaseException):
    """Raised by the first signal. Keras and TensorFlow catch every `Exception` in many places, and lose it there."""


class Interrupts:
    """A context in which each of `SIGNALS` stops training.

    The first signal is stored in `received`. Inside `raised` it also stops what is running, with an
    `InterruptedRunError`; inside `deferred` it does not, and the loop checks `received` itself. The second signal ends
    the process. A signal that is ignored when the process starts, as under `nohup`, stays ignored. Only the main thread
    of Python can handle signals: in any other thread this does nothing.

    Python calls a handler only between two bytecode instructions, but compiling a large network is a single call into
    TensorFlow that may take a minute. A thread therefore counts the signals: Python's wake-up file descriptor
    notifies it of each one as it arrives.

    Args:
        echo: the seconds after the first signal in which others count as the same one. A cluster may signal all
            processes of a job, and the parent of a process then sends it the signal that it has got itself.
    """

    def __init__(self, *, echo: float = 0.0) -> None:
        self.echo = echo
        self.received: int | None = None
        self._is_raising = False
        self._has_raised = False
        self._before: dict[int, Any] = {}
        self._counter: _Counter | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
            self._counter = _Counter(self._before, self.echo)
        return self

    def __exit__(self, *_: object) -> None:
        if self._counter is not None:
            self._counter.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """A context that the first signal stops.

        Where Python code is called from C++ (imports, callbacks), even a `BaseException` may come out as a different
        exception, or be lost; in that case the next call of `check` raises.

        Raises:
            InterruptedRunError: a signal has been received.
        """
        self.check()
        self._is_raising = True
        try:
            yield
        except BaseException:
            if self._has_raised:
                raise self._error() from None
            raise
        finally:
            self._is_raising = False

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A context inside `raised` in which the first signal is only stored."""
        before, self._is_raising = self._is_raising, False
        try:
            yield
        finally:
            self._is_raising = before

    def check(self) -> None:
        """Raise if a signal has been received.

        Raises:
            InterruptedRunError: a signal has been received.
        """
        if self.received is not None:
            raise self._error()

    def _error(self) -> InterruptedRunError:
        assert self.received is not None
        return InterruptedRunError(f"interrupted by {signal.Signals(self.received).name}", self.received)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            if self._is_raising:
                self._has_raised = True
                raise _Stop


class _Counter:
    """A thread that ends the process on the second signal, whatever the main thread is doing.

    Args:
        handled: the signals that count.
        echo: see `Interrupts`.
    """

    def __init__(self, handled: Iterable[int], echo: float) -> None:
        self.handled = frozenset(handled)
        self.echo = echo
        self._ours, self._pythons = socket.socketpair()
        self._pythons.setblocking(False)
        self._before = signal.set_wakeup_fd(self._pythons.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._count, name="signals", daemon=True).start()

    def stop(self) -> None:
        """Stop counting."""
        signal.set_wakeup_fd(self._before)
        self._pythons.close()

    def _count(self) -> None:
        first: float | None = None
        with self._ours:
            while numbers := self._ours.recv(1):
                if numbers[0] not in self.handled:
                    continue
                if first is None:
                    first = time.monotonic()
                elif time.monotonic() - first >= self.echo:
                    _end_at_once(numbers[0])


def _end_at_once(number: int) -> None:
    """Show the cursor again and end this process with the exit code of the signal."""
    with suppress(OSError):
        if sys.stdout is not None and sys.stdout.isatty():
            os.write(sys.stdout.fileno(), SHOW_CURSOR.encode())
    os._exit(128 + number)
