"""The records of a TFRecord file: where they are, with their checksums compared.

A record is its length (8 bytes), the code of the length (4), the data, and the code of the data (4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dnnctl.data.records.crc32c import masked_crc32c
from dnnctl.errors import DataError

HEADER = np.dtype([("length", "<u8"), ("code", "<u4")])
CODE = np.dtype("<u4")
BATCH_BYTES = 1 << 22
LENGTH_BYTES = 8
GZIP, ZLIB = b"\x1f\x8b", b"\x78"


@dataclass(frozen=True)
class Record:
    """One record of a file."""

    number: int
    """Counted from 1."""
    start: int
    """The offset of its data in bytes."""
    data: bytes
    header: bytes
    """Its length, and the code of that."""
    code: bytes
    """The code of its data."""


def read_records(path: Path) -> Iterator[list[Record]]:
    """The records in order, some MB at a time.

    Raises:
        DataError: the file is compressed, not a TFRecord file, damaged or incomplete.
    """
    with path.open("rb") as file:
        _check_start(path, file.read(HEADER.itemsize))
        file.seek(0)
        batch: list[Record] = []
        for record in _unchecked(file, path):
            batch.append(record)
            if file.tell() - batch[0].start > BATCH_BYTES:
                yield _checked(batch, path)
                batch = []
        if batch:
            yield _checked(batch, path)


def _check_start(path: Path, start: bytes) -> None:
    """Reject what is no TFRecord file, by the code of the first length."""
    if not start:
        raise DataError(f"{path} is empty.")
    if len(start) == HEADER.itemsize and _is_right(start):
        return
    if start.startswith(GZIP):
        raise DataError(
            f"{path} is compressed (GZIP), so that its records cannot be read one by one. Convert it: "
            f"gunzip < {path.name} > NEW.tfrecord"
        )
    if start.startswith(ZLIB):
        raise DataError(
            f"{path} is compressed (ZLIB), or not a TFRecord file. Convert it: python -c 'import sys, zlib; "
            f"sys.stdout.buffer.write(zlib.decompress(sys.stdin.buffer.read()))' < {path.name} > NEW.tfrecord"
        )
    raise DataError(f"{path} is not a TFRecord file.")


def _unchecked(file: BinaryIO, path: Path) -> Iterator[Record]:
    """The records, whose codes are not compared yet: that is faster for many at a time."""
    n_bytes = path.stat().st_size
    number = 0
    while header := file.read(HEADER.itemsize):
        number += 1
        start = file.tell()
        is_whole = len(header) == HEADER.itemsize
        length = int(np.frombuffer(header, HEADER)["length"][0]) if is_whole else 0
        if not is_whole or start + length + CODE.itemsize > n_bytes:
            if is_whole and not _is_right(header):
                raise DataError(_damaged(path, number))
            raise DataError(f"{path} is incomplete: it ends in record {number:,}. Copy or write it again.")
        yield Record(number, start, file.read(length), header, file.read(CODE.itemsize))


def _checked(batch: list[Record], path: Path) -> list[Record]:
    """The same records, if their codes are right."""
    headers = np.frombuffer(b"".join(record.header for record in batch), HEADER)
    codes = np.frombuffer(b"".join(record.code for record in batch), CODE)
    is_wrong = masked_crc32c([record.header[:LENGTH_BYTES] for record in batch]) != headers["code"]
    is_wrong |= masked_crc32c([record.data for record in batch]) != codes
    if is_wrong.any():
        raise DataError(_damaged(path, batch[int(is_wrong.argmax())].number))
    return batch


def _is_right(header: bytes) -> bool:
    return bool(masked_crc32c([header[:LENGTH_BYTES]])[0] == np.frombuffer(header, HEADER)["code"][0])


def _damaged(path: Path, number: int) -> str:
    return f"{path}: record {number:,} is damaged (its checksum is wrong). Copy or write the file again."
