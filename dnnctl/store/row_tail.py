"""The rows that another process adds to a file, without reading the whole file again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from dnnctl.store.facts import Row
from dnnctl.store.files import open_to_read
from dnnctl.store.record import is_row


@dataclass
class RowTail:
    """Reads metrics.jsonl or pretraining.jsonl while they are written."""

    path: Path
    _inode: int = field(default=0, init=False)
    _offset: int = field(default=0, init=False)
    """The number of bytes that have been read."""

    def new_rows(self) -> list[Row]:
        """The complete rows since the last call, or from the start if the file was replaced or is shorter now."""
        try:
            file = open_to_read(self.path)
        except OSError:
            return []
        with file:
            found = os.fstat(file.fileno())
            if found.st_ino != self._inode or found.st_size < self._offset:
                self._inode, self._offset = found.st_ino, 0
            file.seek(self._offset)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [row for line in complete.splitlines() for row in _parsed(line)]


def _parsed(line: bytes) -> list[Row]:
    """The row on a line; empty if the line is damaged."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return []
    return [row] if is_row(row) else []
