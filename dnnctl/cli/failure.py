"""Expected failures become a message and an exit code; everything else keeps its traceback."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import typer

from dnnctl.cli.printing import print_json, print_text
from dnnctl.errors import DnnctlError, InterruptedRunError, SpecError

INTERRUPTED = 128 + signal.SIGINT
BROKEN_PIPE = 128 + signal.SIGPIPE


@contextmanager
def failures_reported(*, as_json: bool = False) -> Iterator[None]:
    """Print what went wrong, without a traceback, and exit with the failure's exit code."""
    try:
        yield
    except DnnctlError as error:
        if as_json:
            print_json({"event": "error", "exit_code": error.exit_code, "message": str(error)})
        prefix = "" if isinstance(error, SpecError | InterruptedRunError) else "error: "
        with suppress(OSError):  # the terminal may be closed
            print_text(f"{prefix}{error}", to_stderr=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        print_text("interrupted", to_stderr=True)
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(BROKEN_PIPE) from None
