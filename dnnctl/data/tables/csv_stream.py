"""Text files with one row per line, read some rows at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from dnnctl.data.tables.csv_dialect import find_delimiter, header
from dnnctl.data.tables.csv_faults import encoding_fault, row_fault
from dnnctl.data.tables.csv_file import SAMPLE, open_csv, open_reader
from dnnctl.data.tables.scratch import table_on_disk
from dnnctl.data.tables.table_file import TableFile, TableStream, check_names, first_bytes, names_of, other_kind
from dnnctl.errors import DataError
from dnnctl.specs.table import Csv


def stream_csv(source: Csv, path: str) -> TableStream:
    """All columns of a text file, as text. Blanks around names are dropped.

    Raises:
        DataError: the file is missing, or is not a table in UTF-8; the message names the line.
    """
    first_bytes(path)
    start = _start(path)
    fault = other_kind(start[:32], "a CSV file") or encoding_fault(_whole_characters(start))
    if fault:
        raise DataError(f"{path} {fault}")
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise DataError(f"{path} is empty.")
    text = start.decode("utf-8-sig", errors="replace")
    delimiter = find_delimiter(text) if source.delimiter == "auto" else source.delimiter
    names = tuple(names_of(header(text, delimiter)))
    check_names(path, names)

    def batches(wanted: Sequence[str]) -> Iterator[pa.Table]:
        for rows in _rows(source, path, delimiter, len(names)):
            yield rows.rename_columns(list(names)).select(list(wanted))

    return TableStream(path, names, batches, is_typed=False, decimal=source.decimal)


def open_any_csv(source: Csv, path: str, *, on_disk: bool) -> TableFile:
    """All columns of a text file, as text: in memory, or in a temporary file.

    Raises:
        DataError: the file is missing, or is not a table in UTF-8; the message names the line.
    """
    if not on_disk:
        return open_csv(source, path)
    stream = stream_csv(source, path)
    rows, decimal = table_on_disk(stream.batches(stream.names)), source.decimal
    return TableFile(path, stream.names, lambda names: rows.select(list(names)), is_typed=False, decimal=decimal)


@dataclass
class _Counted:
    """A file whose line breaks and quotes are counted while it is read."""

    file: Any
    n_lines: int = 0
    n_quotes: int = 0
    closed: bool = False

    def read(self, size: int = -1) -> bytes:
        data: bytes = self.file.read(size)
        self.n_lines += max(data.count(b"\n"), data.count(b"\r"))
        self.n_quotes += data.count(b'"')
        return data

    def close(self) -> None:
        self.closed = True
        self.file.close()

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def _rows(source: Csv, path: str, delimiter: str, n_fields: int) -> Iterator[pa.Table]:
    """The rows after the header. What the parser rejects is explained by reading the file as a whole."""
    n_rows = 0
    try:
        file = _Counted(pa.input_stream(path, compression="detect"))
        for batch in open_reader(pa.PythonFile(file, mode="r"), delimiter, n_fields):
            if batch.num_columns != n_fields:
                raise DataError(f"{path}: the quotes in the header do not match.")
            table = pa.Table.from_batches([batch])
            rows = table.slice(1) if n_rows == 0 else table
            n_rows += table.num_rows
            if rows.num_rows:
                yield rows
    except (OSError, pa.ArrowException) as error:
        open_csv(source, path)
        raise DataError(f"{path} cannot be read ({error}).") from None
    if n_rows < 2:
        open_csv(source, path)
    if file.n_lines > n_rows or file.n_quotes % 2:
        _check_quotes(path, delimiter, n_rows)


def _check_quotes(path: str, delimiter: str, n_rows: int) -> None:
    """Reject quotes that turn several rows into one, by reading the file again, line by line."""
    with pa.input_stream(path, compression="detect") as stream:
        lines = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        fault = row_fault(lines, delimiter, n_rows)
    if fault:
        raise DataError(f"{path}: {fault}")


def _start(path: str) -> bytes:
    try:
        with pa.input_stream(path, compression="detect") as stream:
            data: bytes = stream.read(SAMPLE)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read ({error}).") from None
    return data


def _whole_characters(data: bytes) -> bytes:
    """The bytes without a last character that may be incomplete."""
    return data[: data.rfind(b"\n") + 1] if len(data) == SAMPLE else data
