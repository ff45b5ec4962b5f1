"""Text files read some rows at a time: the same rows and the same faults as reading them at once."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dnnctl.data.tables.csv_file import open_csv
from dnnctl.data.tables.csv_stream import stream_csv
from dnnctl.errors import DataError
from dnnctl.specs.table import Csv

SOURCE = Csv(kind="csv", path="a.csv", target="")
MANY = "".join(f"{n};x{n}\n" for n in range(3000))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnnctl.data.tables.csv_file.STREAM_BLOCK", 1 << 12)


def read(path: Path) -> Any:
    stream = stream_csv(SOURCE, str(path))
    names = [*reversed(stream.names)]
    return stream.names, pa.concat_tables(stream.batches(names)).combine_chunks()


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        "\ufeff a , b\r\n1,2\r\n\r\n3,4",
        "a\tb\n1\t2\n",
        'a,b\n"1\n,",2\n"""",4\n',
        f"a;b\n{MANY}",
        "a;b\n" + MANY.replace("x", 'ö"').replace("\n", '"\n').replace(";ö", ';"ö"'),
        "a,b\n,\n",
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_the_rows_are_those_of_the_whole_file(text: str, is_packed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("a.csv.gz" if is_packed else "a.csv")
    path.write_bytes(gzip.compress(text.encode()) if is_packed else text.encode())
    names, rows = read(path)
    whole = open_csv(SOURCE, str(path))
    assert names == whole.names
    assert rows.equals(whole.select([*reversed(names)]).combine_chunks())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n \n",
        b"a,b\n",
        b"a,a\n1,2\n",
        b"a,\n1,2\n",
        b"a,b\n1\n",
        b"a,b\n1,2\n\xff,2\n",
        b"\x89PNG\r\n",
        b"a,b\n\0,2\n",
        f"a;b\n{MANY}1\n".encode(),
        f"a;b\n{MANY}1;\xff\n".encode("latin1"),
        f'a;b\n1;"x\n{MANY}2;x"\n'.encode().replace(b"5;x5\n", b'5;"x5\n', 1),
        f'a;b\n1;"x\n{MANY}'.encode(),
    ],
)
def test_faults_are_those_of_the_whole_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(DataError) as whole:
        open_csv(SOURCE, str(path))
    with pytest.raises(DataError) as streamed:
        read(path)
    assert str(streamed.value) == str(whole.value)
