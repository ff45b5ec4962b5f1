"""Reads and writes the files of runs: a crash leaves no partial file, and links are not followed.

A link in a run's folder may lead to any file of the user. Such a file is not read, changed or emptied through it.
"""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

SURROGATES = "backslashreplace"
"""What is written for bytes of file names that are not UTF-8: `\\udcff`, which JSON reads as the same name again."""


def write_through(path: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a temporary file in the same directory, sync it, and rename it to `path`.

    Readers see the complete old file or the complete new one, even after a power failure. If `path` or the temporary
    file is a link, the link is replaced, and its target does not change.
    """
    aside = path.with_name(f".{path.stem}.partial{path.suffix}")
    aside.unlink(missing_ok=True)
    try:
        write(aside)
        sync(aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    write_through(path, lambda aside: _fill(aside, text))


def write_json(path: Path, value: Any) -> None:
    """Write a value as a JSON file atomically."""
    write_text(path, json.dumps(finite_only(value), indent=2, ensure_ascii=False) + "\n")


def append_json_line(path: Path, row: Any) -> None:
    """Append one row to a JSON lines file."""
    append_text(path, to_json_line(row) + "\n")


def append_text(path: Path, text: str) -> None:
    """Append text to a file."""
    with os.fdopen(open_to_write(path), "a", encoding="utf-8", errors=SURROGATES) as file:
        file.write(text)


def to_json_line(row: Any) -> str:
    """A row as one line of JSON."""
    return json.dumps(finite_only(row), ensure_ascii=False)


def finite_only(value: Any) -> Any:
    """The value with infinite and NaN numbers, which JSON does not have, replaced by None."""
    if isinstance(value, dict):
        return {key: finite_only(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite_only(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def open_to_write(path: Path, *, mode: int = 0o666) -> int:
    """Open a file to read it and append to it; return its descriptor. The file is created if there is none.

    Raises:
        OSError: it is a symbolic or hard link, not a regular file, or cannot be written to.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    return _open(path, flags, mode, lambda found: stat.S_ISREG(found.st_mode) and found.st_nlink <= 1)


def open_to_read(path: Path) -> BufferedReader:
    """Open a file to read it.

    Raises:
        OSError: it is a symbolic link, not a regular file, or cannot be read.
    """
    return os.fdopen(_open(path, os.O_RDONLY, 0, lambda found: stat.S_ISREG(found.st_mode)), "rb")


def read_text(path: Path) -> str:
    """The text in a file.

    Raises:
        OSError: it is a symbolic link, not a regular file, or cannot be read.
        UnicodeDecodeError: it is not UTF-8 text.
    """
    with open_to_read(path) as file:
        return file.read().decode("utf-8")


def make_directory(path: Path) -> None:
    """Make a directory, unless it exists.

    Raises:
        OSError: it is a link or a file, or cannot be made.
    """
    try:
        path.mkdir()
    except FileExistsError:
        if path.is_symlink() or not path.is_dir():
            raise


def read_json_lines(path: Path) -> list[Any]:
    """The rows of a JSON lines file; an incomplete last line, left by a crash, is skipped."""
    try:
        lines = read_text(path).splitlines()
    except FileNotFoundError:
        return []
    rows = []
    for number, line in enumerate(lines):
        try:
            rows.append(json.loads(line))
        except ValueError:
            if number != len(lines) - 1:
                raise
    return rows


def sync(path: Path) -> None:
    """Flush a file or directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int, mode: int, is_usable: Callable[[os.stat_result], bool]) -> int:
    """Open a file if it is usable, without following a link and without waiting for the other end of a pipe."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    except OSError as error:
        if error.errno == errno.ELOOP and path.is_symlink():
            raise OSError(errno.ELOOP, "symbolic links are not followed", str(path)) from None
        raise
    if not is_usable(os.fstat(descriptor)):
        os.close(descriptor)
        raise OSError(errno.EMLINK, "links and special files are not followed", str(path))
    return descriptor


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors=SURROGATES)
