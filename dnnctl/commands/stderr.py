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
    """Append everything that is written to standard error in this context to a file. Links are not followed.

    Raises:
        DeviceError: there is too little memory to load TensorFlow.
    """
    _flush()
    target = os.open(path, os.O_WRONLY) if path == os.devnull else open_to_write(Path(path), mode=0o644)
    saved = os.dup(STDERR)
    try:
        os.dup2(target, STDERR)
        import dnnctl.engine  # noqa: F401  (sets what must be set before Keras is imported)

        yield
    finally:
        _flush()
        os.dup2(saved, STDERR)
        os.close(saved)
        os.close(target)


def _flush() -> None:
    if sys.stderr is not None:  # as in a service that has closed it
        sys.stderr.flush()
