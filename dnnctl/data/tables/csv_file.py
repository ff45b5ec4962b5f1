"""Text files with one row per line."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv

from dnnctl.data.tables.csv_dialect import find_delimiter, header
from dnnctl.data.tables.csv_faults import encoding_fault, row_fault
from dnnctl.data.tables.table_file import TableFile, check_names, first_bytes, names_of, other_kind
from dnnctl.errors import DataError
from dnnctl.specs.table import Csv

SAMPLE = 256 * 1024
"""The number of bytes in which the delimiter and the header are looked for."""
LARGEST_ROW = 16 * 1024 * 1024
STREAM_BLOCK = 4 * 1024 * 1024
"""The number of bytes that are read at a time from a stream; no row of it can be longer."""
THREADS_PAY = 1 << 23
"""The bytes from which several threads read faster. A process that ends right after it started some may be aborted."""


def open_csv(source: Csv, path: str) -> TableFile:
    """All columns of a text file, as text. Blanks around names are dropped. A first column without a name
    is the index of a data frame.

    Raises:
        DataError: the file is missing, or is not a table in UTF-8; the message names the line.
    """
    data = _read(path)
    start = data[:SAMPLE].decode("utf-8-sig", errors="replace")
    delimiter = find_delimiter(start) if source.delimiter == "auto" else source.delimiter
    table = _parse(data, delimiter, len(header(start, delimiter)), path)
    names = names_of([str(column[0]) for column in table.columns])
    check_names(path, names)
    _check_quotes(data, delimiter, table.num_rows, path)
    rows = table.slice(1).rename_columns(names)
    if not rows.num_rows:
        raise DataError(f"{path} has a header, but no rows.")
    return TableFile(
        path, tuple(names), lambda wanted: rows.select(list(wanted)), is_typed=False, decimal=source.decimal
    )


def _read(path: str) -> bytes:
    first_bytes(path)
    try:
        with pa.input_stream(path, compression="detect") as stream:
            data: bytes = stream.read()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read ({error}).") from None
    fault = other_kind(data[:32], "a CSV file") or encoding_fault(data)
    if fault:
        raise DataError(f"{path} {fault}")
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise DataError(f"{path} is empty.")
    return data


def _parse(data: bytes, delimiter: str, n_fields: int, path: str) -> pa.Table:
    """All rows as text, with the header as the first row."""
    try:
        read, parse, convert = _options(delimiter, n_fields)
        read.use_threads = len(data) > THREADS_PAY
        table = arrow_csv.read_csv(pa.BufferReader(data), read, parse, convert)
    except pa.ArrowException as error:
        raise DataError(f"{path}: {row_fault(_lines(data), delimiter, None) or error}") from None
    if table.num_columns != n_fields:
        raise DataError(f"{path}: the quotes in the header do not match.")
    return table


def open_reader(stream: Any, delimiter: str, n_fields: int) -> Any:
    """The rows of a stream of text, some at a time, with the header as the first row."""
    return arrow_csv.open_csv(stream, *_options(delimiter, n_fields, STREAM_BLOCK))


def _options(delimiter: str, n_fields: int, block_size: int = LARGEST_ROW) -> tuple[Any, Any, Any]:
    """How rows are read: every field as text."""
    text = {f"f{number}": pa.string() for number in range(n_fields)}
    return (
        arrow_csv.ReadOptions(autogenerate_column_names=True, block_size=block_size),
        arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        arrow_csv.ConvertOptions(column_types=text, strings_can_be_null=False),
    )


def _lines(data: bytes) -> io.StringIO:
    return io.StringIO(data.decode("utf-8-sig"), newline="")


def _check_quotes(data: bytes, delimiter: str, n_rows: int, path: str) -> None:
    """Reject quotes that turn several rows into one: the parser accepts them, and rows would be lost."""
    n_lines = max(data.count(b"\n"), data.count(b"\r"))
    if n_lines <= n_rows and data.count(b'"') % 2 == 0:
        return
    fault = row_fault(_lines(data), delimiter, n_rows)
    if fault:
        raise DataError(f"{path}: {fault}")
