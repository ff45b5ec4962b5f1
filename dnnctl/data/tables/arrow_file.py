"""Parquet and Arrow files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet

from dnnctl.data.tables.table_file import TableFile, TableStream, check_names, first_bytes, other_kind
from dnnctl.errors import DataError

BATCH = 65_536
"""The number of rows that are read at a time."""
PARQUET, ARROW, FEATHER_1 = b"PAR1", b"ARROW1", b"FEA1"


def open_parquet(path: str) -> TableFile:
    """A Parquet file. Only the columns that are used are read.

    Raises:
        DataError: the file is missing, is not a Parquet file, or has no rows.
    """
    file = _parquet_file(path)
    names = _readable(path, "a Parquet file", lambda: file.schema_arrow.names)
    return _opened(path, names, file.metadata.num_rows, lambda names: file.read(columns=names))


def stream_parquet(path: str) -> TableStream:
    """A Parquet file, read some rows at a time.

    Raises:
        DataError: the file is missing, is not a Parquet file, or has no rows.
    """
    file = open_parquet(path)

    def batches(names: Sequence[str]) -> Iterator[pa.Table]:
        found = _parquet_file(path).iter_batches(BATCH, columns=list(names))
        while (batch := _readable(path, "readable", lambda: next(found, None))) is not None:
            yield _readable(path, "readable", partial(_valid, pa.Table.from_batches([batch])))

    return TableStream(path, file.names, batches)


def stream_arrow(path: str) -> TableStream:
    """An Arrow file, some rows at a time.

    Raises:
        DataError: the file is missing, is not an Arrow file, or has no rows.
    """
    file = open_arrow(path)

    def batches(names: Sequence[str]) -> Iterator[pa.Table]:
        table = file.select(names)
        yield from (table.slice(start, BATCH) for start in range(0, table.num_rows, BATCH))

    return TableStream(path, file.names, batches)


def open_arrow(path: str) -> TableFile:
    """An Arrow IPC file or stream, a Feather file, or a folder of Hugging Face's `save_to_disk`, memory-mapped.

    Raises:
        DataError: the file is missing, is not an Arrow file, or has no rows.
    """
    tables = [_open_file(file) for file in _files(path)]
    table = _readable(path, "files with the same columns", lambda: pa.concat_tables(tables))
    names = _readable(path, "an Arrow file", lambda: table.column_names)
    return _opened(path, names, table.num_rows, table.select)


def _parquet_file(path: str) -> Any:
    _check_kind(path, "a Parquet file", lambda start: start.startswith(PARQUET))
    return _readable(path, "a Parquet file", lambda: pa.parquet.ParquetFile(path))


def _files(path: str) -> list[str]:
    """The files of a folder, in order; otherwise the path itself."""
    found: list[Path] = []
    with suppress(OSError):
        found = sorted(Path(path).glob("data-*.arrow"))
    return [str(file) for file in found] or [path]


def _open_file(path: str) -> pa.Table:
    start = _check_kind(path, "an Arrow file", lambda start: start.startswith((ARROW, FEATHER_1)) or _is_stream(start))
    return _readable(path, "an Arrow file", lambda: _read_arrow(path, start))


def _opened(path: str, names: list[str], n_rows: int, select: Callable[[Any], pa.Table]) -> TableFile:
    if not n_rows:
        raise DataError(f"{path} has columns, but no rows.")
    check_names(path, names)
    return TableFile(
        path, tuple(names), lambda wanted: _readable(path, "readable", lambda: _valid(select(list(wanted))))
    )


def _valid(table: pa.Table) -> pa.Table:
    """The same table; pyarrow reads outside of its memory if the offsets of text in a file are damaged."""
    table.validate(full=True)
    return table


def _check_kind(path: str, expected: str, is_expected: Callable[[bytes], bool]) -> bytes:
    """The first bytes of a file of the expected kind."""
    start = first_bytes(path)
    if not is_expected(start):
        is_text = b"\0" not in start
        advice = " If it is a text file, write `kind: csv`." if is_text else ""
        raise DataError(f"{path} {other_kind(start, expected) or f'is not {expected}.{advice}'}")
    return start


def _is_stream(start: bytes) -> bool:
    """Whether a file begins as an Arrow stream does; those of Arrow before 0.15 begin with the size of the schema."""
    return start.startswith(b"\xff\xff\xff\xff")


def _read_arrow(path: str, start: bytes) -> pa.Table:
    if start.startswith(FEATHER_1):
        return pa.feather.read_table(path)
    source = pa.memory_map(path)
    reader = pa.ipc.open_file(source) if start.startswith(ARROW) else pa.ipc.open_stream(source)
    return reader.read_all()


def _readable(path: str, expected: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged, or is not {expected} ({' '.join(str(error).split())[:200]}).") from None
