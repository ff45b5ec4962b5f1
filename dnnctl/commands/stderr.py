"""Redirects standard error to a file, including what TensorFlow and its libraries write.

They write from C++ and bypass Python's `sys.stderr`, so the file descriptor itself is redirected.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dnnctl.store.files import open_to_write

STDERR = 2


@contextmanager
def stderr_to(path: Path | str) -> Iterator[None]:
    """Append everything that is written to standard error in this context to a file. Links are not followed."""
    sys.stderr.flush()
    target = os.open(path, os.O_WRONLY) if path == os.devnull else open_to_write(Path(path), mode=0o644)
    saved = os.dup(STDERR)
    try:
        os.dup2(target, STDERR)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, STDERR)
        os.close(saved)
        os.close(target)
