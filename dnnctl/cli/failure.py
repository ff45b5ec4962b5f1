"""Expected failures become a message and an exit code; everything else keeps its traceback."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import typer

from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.streams import is_output_broken
from dnnctl.cli.table import terminal_width, wrap_lines
from dnnctl.errors import DnnctlError, InterruptedRunError, SpecError, UserError, shorten

INTERRUPTED = 128 + signal.SIGINT
MAX_PATH = 200
"""The maximum number of characters of a path in a message."""


@contextmanager
def failures_reported(*, as_json: bool = False) -> Iterator[None]:
    """Print what went wrong, without a traceback, and exit with the failure's exit code.

    A failure of the operating system (a file that cannot be read, too many open files, no memory) is expected: dnnctl
    cannot prevent it, and the user can fix it.
    """
    with _interrupts_counted() as interrupts:
        try:
            yield
        except DnnctlError as error:
            raise _reported(error, as_json=as_json) from None
        except KeyboardInterrupt:
            raise _interrupted() from None
        except (OSError, MemoryError) as error:
            if is_output_broken():
                raise
            raise _reported(_explained(error), as_json=as_json) from None
        except Exception:
            if interrupts:  # raised inside TensorFlow or Keras, which may turn it into another exception
                raise _interrupted() from None
            raise


def _explained(error: OSError | MemoryError) -> UserError:
    """The failure of the operating system as a message."""
    if isinstance(error, MemoryError) or error.errno == errno.ENOMEM:
        return UserError("There is too little memory. Close other programs, or raise the limit (`ulimit -v`).")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return UserError(f"{error.strerror}. Raise the limit: `ulimit -n 1024`.")
    reason = error.strerror or str(error)
    return UserError(f"{shorten(str(error.filename), MAX_PATH)}: {reason}." if error.filename else f"{reason}.")


def _reported(error: DnnctlError, *, as_json: bool) -> typer.Exit:
    """Print an error; return what ends the command with its exit code."""
    if as_json:
        print_json({"event": "error", "exit_code": error.exit_code, "message": str(error)})
    prefix = "" if isinstance(error, SpecError | InterruptedRunError) else "error: "
    with suppress(OSError):  # the terminal may be closed
        print_text(wrap_lines(f"{prefix}{error}", terminal_width(sys.stderr)), to_stderr=True)
    return typer.Exit(error.exit_code)


def _interrupted() -> typer.Exit:
    with suppress(OSError):
        print_text("interrupted", to_stderr=True)
    return typer.Exit(INTERRUPTED)


@contextmanager
def _interrupts_counted() -> Iterator[list[int]]:
    """A context in which every Ctrl-C adds an entry to the list that it yields, and raises `KeyboardInterrupt`."""
    received: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # ignored, or not the main thread's, or somebody else's
        yield received
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.default_int_handler(number, frame)

    try:
        signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not the main thread
        yield received
        return
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)
