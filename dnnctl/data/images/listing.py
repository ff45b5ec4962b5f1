"""The image files of a data set, each with its split and its label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dnnctl.errors import shorten

SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""The names of the splits, in lower case, as folders and columns spell them."""
MOST_LISTED = 10
WIDTH = 160


@dataclass(frozen=True)
class ImageFile:
    """One image file."""

    path: str
    """Relative to the root of the data set, with `/`; a table can name absolute paths."""
    split: str
    """`train`, `validation` or `test`."""
    label: str


@dataclass(frozen=True)
class Listing:
    """The image files of a data set, in the order of their rows."""

    root: Path
    files: Sequence[ImageFile]
    others: Sequence[str] = ()
    """The files that are no images."""

    def paths(self) -> list[str]:
        """The path of each file, relative to the root."""
        return [file.path for file in self.files]


def listed(lines: Iterable[str], n: int) -> list[str]:
    """The first of n lines, each of limited width, and how many more there are."""
    shown = [shorten(f"  {printable(line)}", WIDTH) for line, _ in zip(lines, range(MOST_LISTED), strict=False)]
    return [*shown, f"  … and {n - MOST_LISTED:,} more."] if n > MOST_LISTED else shown


def enumerated(names: Sequence[str]) -> str:
    """A few names in one line: `a, b, …`."""
    shown = ", ".join(printable(name) for name in names[:3])
    return f"{shown}, …" if len(names) > 3 else shown


def printable(name: str) -> str:
    """A file name with an escape for each byte that is not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()
