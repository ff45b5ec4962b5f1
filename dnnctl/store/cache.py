"""The folder in which dnnctl keeps what it can compute again."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

VARIABLE = "DNNCTL_CACHE_DIR"


def cache_directory() -> Path | None:
    """DNNCTL_CACHE_DIR, by default `~/.cache/dnnctl`; None if it is empty, which turns the cache off."""
    root = os.environ.get(VARIABLE, str(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "dnnctl"))
    return Path(root).expanduser().absolute() if root else None


def cache_folder(name: str) -> Path | None:
    """A folder of the cache, which is made if it is missing; None if there is no cache or it cannot be written."""
    root = cache_directory()
    if root is None:
        return None
    try:
        (root / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return root / name


def write_to_cache(path: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a temporary file, and rename it to `path`. Nothing is written if there is no space or right.

    Several processes can write the same file. Readers check what they read: nothing is synced to the disk.
    """
    aside = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    with suppress(OSError):
        try:
            write(aside)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
