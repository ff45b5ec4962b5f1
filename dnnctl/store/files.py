"""Writes files so that a crash cannot leave a partial file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

SURROGATES = "backslashreplace"
"""What is written for bytes of file names that are not UTF-8: `\\udcff`, which JSON reads as the same name again."""


def write_through(path: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a temporary file in the same directory, sync it, and rename it to `path`.

    Readers see the complete old file or the complete new one, even after a power failure.
    """
    aside = path.with_name(f".{path.stem}.partial{path.suffix}")
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
    """Append text to a file. Symbolic links are not followed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors=SURROGATES) as file:
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


def read_json_lines(path: Path) -> list[Any]:
    """The rows of a JSON lines file; an incomplete last line, left by a crash, is skipped."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
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


def _fill(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors=SURROGATES)
