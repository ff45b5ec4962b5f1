"""The records of a TFRecord file, written by TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dnnctl.data.records import record_file as module
from dnnctl.data.records.record_file import read_records
from dnnctl.errors import DataError

RECORDS = [np.random.default_rng(length).bytes(length) for length in (0, 3, 200, 5000, 1, 700)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in RECORDS:
            writer.write(record)
    return path


@pytest.mark.parametrize("n_bytes", [1, 4000, 1 << 22])
def test_records_are_those_that_were_written(path: Path, monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(module, "BATCH_BYTES", n_bytes)
    found = [record for batch in read_records(path) for record in batch]
    assert [record.data for record in found] == RECORDS
    assert [record.number for record in found] == [1, 2, 3, 4, 5, 6]
    content = path.read_bytes()
    assert [content[record.start : record.start + len(record.data)] for record in found] == RECORDS


@pytest.mark.parametrize("n_bytes", [1, 1 << 22])
def test_every_flipped_bit_and_every_cut_is_found(path: Path, monkeypatch: pytest.MonkeyPatch, n_bytes: int) -> None:
    monkeypatch.setattr(module, "BATCH_BYTES", n_bytes)
    content = path.read_bytes()
    ends = np.cumsum([len(record) + 16 for record in RECORDS]).tolist()
    draw = np.random.default_rng(0)
    for place in sorted({*draw.integers(12, len(content), 40).tolist(), *range(12, 36)}):
        damaged = bytearray(content)
        damaged[place] ^= 1 << draw.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"a\.tfrecord"):
            list(read_records(path))
    for n in {*draw.integers(12, len(content), 20).tolist(), len(content) - 1} - set(ends):
        path.write_bytes(content[:n])
        number = np.searchsorted(ends, n, side="right") + 1
        with pytest.raises(DataError, match=f"is incomplete: it ends in record {number}"):
            list(read_records(path))


@pytest.mark.parametrize(
    ("compression", "message"), [("GZIP", r"\(GZIP\).*\n?.*gunzip < b\.tfrecord"), ("ZLIB", r"\(ZLIB\).*decompress")]
)
def test_compressed_files_are_refused_with_the_command_that_converts_them(
    tmp_path: Path, compression: str, message: str
) -> None:
    path = tmp_path / "b.tfrecord"
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        writer.write(b"record")
    with pytest.raises(DataError, match=message):
        list(read_records(path))


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "is empty"), (b"a,b\n1,2\n3,4\n5,6\n", "not a TFRecord"), (b"x", "not a TFRecord")]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.tfrecord").write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_records(tmp_path / "a.tfrecord"))
