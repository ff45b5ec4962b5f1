"""Sends what TensorFlow and its libraries write to standard error into a file.

They write from C++, past Python's `sys.stderr`, so the file descriptor itself is turned.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STDERR = 2


@contextmanager
def stderr_to(path: Path | str) -> Iterator[None]:
    """While it lasts, everything written to standard error is appended to a file."""
    sys.stderr.flush()
    kept = os.dup(STDERR)
    target = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.dup2(target, STDERR)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(target)
