"""The folder in which dnnctl keeps what it can compute again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

VARIABLE = "DNNCTL_CACHE_DIR"
RECENT = 2_000_000_000
"""In nanoseconds. A file that changed so recently can change again without another time or size."""
LONGEST = 90 * 24 * 3600
"""In seconds. Older entries are removed; those in use are then computed again."""


def cache_directory() -> Path | None:
    """DNNCTL_CACHE_DIR, by default `~/.cache/dnnctl`; None (no cache) if it is empty or there is no home."""
    root = os.environ.get(VARIABLE, str(Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "dnnctl"))
    try:
        return Path(root).expanduser().absolute() if root else None
    except RuntimeError:  # there is no home directory
        return None


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


def cache_entry(folder: str, file: Path, suffix: str, *purpose: str) -> Path | None:
    """The path of the cache entry for a file with its current size and time; None if it cannot be cached.

    Args:
        purpose: what else the entry depends on.
    """
    status = file.stat()
    place = cache_folder(folder)
    if place is None or status.st_mtime_ns > time.time_ns() - RECENT:
        return None
    identity = [str(file.resolve()), str(status.st_size), str(status.st_mtime_ns), *purpose]
    return place / f"{sha256(chr(0).join(identity).encode(errors='surrogateescape')).hexdigest()}{suffix}"


def write_to_cache(path: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a temporary file, and rename it to `path`. Nothing is written without space or permission.

    Several processes can write the same file. Readers check what they read: nothing is synced to the disk. Entries in
    the same folder that are older than three months are removed.
    """
    _remove_old(path.parent)
    aside = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    with suppress(OSError):
        try:
            write(aside)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def _remove_old(folder: Path) -> None:
    oldest = time.time() - LONGEST
    for entry in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):
            if entry.stat().st_mtime < oldest:
                entry.unlink()
