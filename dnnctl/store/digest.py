"""The SHA-256 of files."""

from __future__ import annotations

from hashlib import file_digest
from pathlib import Path

from dnnctl.store.files import open_to_read


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in a run, in hexadecimal.

    Raises:
        OSError: it cannot be read, or it is a link or a special file.
    """
    with open_to_read(path) as file:
        return file_digest(file, "sha256").hexdigest()
