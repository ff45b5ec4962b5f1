"""Why a text file is not a table, with the line."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable

BINARY = 64 * 1024
"""The number of bytes in which a file that is not text has a zero byte."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_fault(data: bytes) -> str:
    """Why these bytes are not UTF-8 text; empty if they are."""
    if data.startswith(UTF_16):
        return "is encoded as UTF-16. Save it as UTF-8."
    if b"\0" in data[:BINARY]:
        return "is not a text file. Is this the right file?"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return (
            f"is not UTF-8: line {line} contains the byte {data[error.start]:#04x}. Save it as UTF-8, for example with "
            "`iconv -f latin1 -t utf-8 OLD > NEW`."
        )
    return ""


def row_fault(lines: Iterable[str], delimiter: str, n_rows: int | None) -> str:
    """The first row that is not like the header, or a quote that is never closed; empty if there is none.

    Args:
        lines: the text, with its own line breaks.
        n_rows: the number of rows that were read, with the header; None if the text could not be read.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=n_rows is not None)
    n_fields, n_found, line = 0, 0, 1
    try:
        for row in reader:
            if row:
                n_fields = n_fields or len(row)
                n_found += 1
            if row and len(row) != n_fields:
                return (
                    f"line {line} has {len(row)} fields, but the header has {n_fields}. A field that contains the "
                    f"delimiter {delimiter!r} must be in quotes."
                )
            line = reader.line_num + 1
    except csv.Error as error:
        return f"the quotes in the row that starts at line {line} do not match ({error}). Double each quote in a field."
    if n_rows is not None and n_found != n_rows:
        return f"the quotes do not match: there are {n_rows} rows with them, and {n_found} without."
    return ""
