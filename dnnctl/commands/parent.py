"""Child processes that end with their parent, however it ends.

A parent that is killed cannot end its children. Each child therefore holds the reading end of a pipe, and only the
parent holds the writing end: when the parent ends, the kernel closes it, and the child reads the end of the file.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import cache
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import Any

VARIABLE = "DNNCTL_PARENT_PIPE"
"""The environment variable with the number of the reading end, set only for a child."""
WATCH = "parent"
"""The name of the thread that waits for the end of the parent."""


def tied_to_this_process() -> dict[str, Any]:
    """Arguments of `subprocess.Popen` for a child that calls `end_with_parent`."""
    reader, _ = _pipe()
    return {"pass_fds": (reader,), "env": os.environ | {VARIABLE: str(reader)}}


def end_with_parent() -> None:
    """If the parent started this process with `tied_to_this_process`, send it SIGTERM when the parent ends."""
    reader = os.environ.pop(VARIABLE, "")
    if reader.isdecimal():
        with suppress(OSError):  # there is no such pipe
            os.set_inheritable(int(reader), False)
            watch = Thread(target=_wait_for_the_end, args=(int(reader),), name=WATCH, daemon=True)
            watch.start()


def has_parent() -> bool:
    """Whether this process ends with the one that started it."""
    return any(thread.name == WATCH for thread in enumerate_threads())


@cache
def _pipe() -> tuple[int, int]:
    """The reading and the writing end; Python lets no child inherit the latter."""
    return os.pipe()


def _wait_for_the_end(reader: int) -> None:
    with suppress(OSError):
        os.read(reader, 1)
        os.kill(os.getpid(), signal.SIGTERM)
