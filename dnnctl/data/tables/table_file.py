"""An opened table: its column names, and its columns on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnnctl.data.tables.wording import listed
from dnnctl.errors import DataError, shorten
from dnnctl.text import is_number

SIGNATURES: dict[bytes, str] = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"PAR1": "a Parquet file: write `kind: parquet`",
    b"ARROW1": "an Arrow file: write `kind: arrow`",
    b"\xff\xff\xff\xff": "an Arrow stream: write `kind: arrow`",
    b"\x93NUMPY": "a NumPy array",
    b"PK\x03\x04": "a ZIP archive, such as an Excel workbook or an .npz file. Save a workbook as CSV",
    b"\xd0\xcf\x11\xe0": "an Excel workbook. Save it as CSV",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF document",
    b"\x1f\x8b": "compressed with gzip. Its name must end in .gz, and only CSV files may be compressed",
}
"""How files of other kinds begin."""
INDEX = "Unnamed: 0"
"""The name of a first column without one, which pandas and R write: numbers or names of the rows."""
WHERE = "The path is relative to the spec that contains it; with --set, to the working directory."


@dataclass(frozen=True)
class TableFile:
    """A table on disk."""

    path: str
    names: tuple[str, ...]
    select: Callable[[Sequence[str]], Any]
    """Reads the columns with these names, as an Arrow table."""
    is_typed: bool = True
    """Whether the columns have types in the file; otherwise everything is text."""
    decimal: str = "."
    """The character before decimal places in text."""


@dataclass(frozen=True)
class TableStream:
    """A table on disk that is read some rows at a time, so that memory does not grow with the number of rows."""

    path: str
    names: tuple[str, ...]
    batches: Callable[[Sequence[str]], Iterator[Any]]
    """Reads the columns with these names, as Arrow tables that are not empty, in the order of the rows."""
    is_typed: bool = True
    """Whether the columns have types in the file; otherwise everything is text."""
    decimal: str = "."
    """The character before decimal places in text."""


def first_bytes(path: str) -> bytes:
    """The first few bytes of a file, which show its kind.

    Raises:
        DataError: the file is missing, cannot be read, is a folder, or is empty.
    """
    try:
        with Path(path).open("rb") as file:
            start = file.read(32)
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{path}: no such file. Fix the path in `data.source`. {WHERE}") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder, but a table is a file. Fix the path in `data.source`.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{shorten(path, 200)} cannot be read ({shorten(str(error), 200)}).") from None
    if not start:
        raise DataError(f"{path} is empty.")
    return start


def other_kind(start: bytes, expected: str) -> str:
    """What a file is that begins with these bytes, if it is not of the expected kind; empty if unknown."""
    found = next((kind for signature, kind in SIGNATURES.items() if start.startswith(signature)), "")
    return f"is not {expected}. It is {found}." if found else ""


def names_of(header: Sequence[str]) -> list[str]:
    """The names of columns in the first line of a file, without surrounding blanks."""
    names = [name.strip() for name in header]
    is_index = len(names) > 1 and not names[0] and INDEX not in names
    return [INDEX, *names[1:]] if is_index else names


def check_names(path: str, names: Sequence[str]) -> None:
    """Reject columns that cannot be told apart.

    Raises:
        DataError: a name is empty or a duplicate.
    """
    for number, name in enumerate(names, start=1):
        if not name:
            raise DataError(f"{path}: column {number} has no name in the header. Give it a name, or remove it.")
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        are_values = any(is_number(name) for name in repeated)
        fix = "If the first line is a row, add a line with names above it" if are_values else "Rename them"
        raise DataError(f"{path}: several columns have the same name: {listed(repeated)}. {fix}.")
