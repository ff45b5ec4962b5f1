"""Standard input, output and error, in whatever state the process gets them."""

from __future__ import annotations

import codecs
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from dnnctl.errors import UserError

BROKEN_PIPE = 128 + signal.SIGPIPE
STDIN, STDOUT, STDERR = 0, 1, 2
ESCAPED = "dnnctl.escaped"
"""The name of the error handler that prints a character as JSON does, so that JSON stays valid."""


@contextmanager
def streams_prepared() -> Iterator[None]:
    """A context for a whole command: it can print, and it ends with a clear exit code if its output is lost.

    - A closed stream is `/dev/null`. Otherwise the next file that is opened would take its descriptor, and would get
      what is meant for the stream.
    - Characters that the terminal's encoding does not have are printed as JSON escapes.
    - Messages that standard error does not accept are dropped.

    Raises:
        SystemExit: the command has ended, or standard output could not be written.
    """
    _open_closed_descriptors()
    if sys.stdin is None:
        sys.stdin = open(STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _prepared(sys.stdout, _Output(STDOUT, "w", closefd=False))
    sys.stderr = _prepared(sys.stderr, _Lossy(STDERR, "w", closefd=False))
    output = sys.stdout
    try:
        yield
    except (SystemExit, OSError):
        _check_output(output)
        raise
    _check_output(output)


def is_output_broken() -> bool:
    """Whether standard output could not be written."""
    return _Output.failure is not None


@contextmanager
def output_optional() -> Iterator[None]:
    """A context whose output may be lost: if standard output cannot be written, nothing more is printed to it."""
    try:
        yield
    except OSError:
        discard_output()


def discard_output() -> None:
    """Send standard output to `/dev/null` from now on, including what is still buffered."""
    _Output.failure = None
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """What replaces the characters that cannot be encoded, and where encoding continues."""
    assert isinstance(error, UnicodeEncodeError), "only output has this error handler"
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(ESCAPED, _escape)


class _Output(io.FileIO):
    """Standard output, which remembers why it could not be written. A process has one."""

    failure: OSError | None = None

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            _Output.failure = error
            raise


class _Lossy(io.FileIO):
    """A file that drops what it cannot write."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        with suppress(OSError):
            return super().write(data)
        return len(data)


def _open_closed_descriptors() -> None:
    """Open `/dev/null` for each standard stream that is closed."""
    for descriptor in (STDIN, STDOUT, STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free descriptor, which is this one


def _prepared(stream: TextIO | None, raw: io.FileIO) -> TextIO:
    """A text stream with the encoding of the given one, which is None if it was closed."""
    encoding = stream.encoding if stream is not None else "utf-8"
    buffered = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding, errors=ESCAPED, line_buffering=raw.isatty())


def _check_output(output: TextIO) -> None:
    """End the process if what the command has printed cannot be written.

    Raises:
        SystemExit: standard output cannot be written.
    """
    with suppress(OSError):
        output.flush()
    failure = _Output.failure
    if failure is None:
        return
    discard_output()
    if isinstance(failure, BrokenPipeError):
        raise SystemExit(BROKEN_PIPE)
    print(f"error: Cannot write to standard output: {failure.strerror}.", file=sys.stderr)  # noqa: T201
    raise SystemExit(UserError.exit_code)
