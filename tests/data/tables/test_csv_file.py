"""Text files, against Python's csv module, and what is wrong with those that are not tables."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from dnnctl.data.tables.csv_file import open_csv
from dnnctl.data.tables.csv_stream import stream_csv
from dnnctl.data.tables.table_file import TableFile
from dnnctl.errors import DataError
from dnnctl.specs.table import Csv


def read(path: Path, content: bytes | str, **keys: str) -> TableFile:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_csv(Csv(kind="csv", path=str(path), target="y", **keys), str(path))  # type: ignore[arg-type]


def columns(file: TableFile) -> dict[str, list[str]]:
    return dict(file.select(file.names).to_pydict())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    """Also if fields contain the other ones: decimal commas, quoted text."""
    other = ";" if delimiter != ";" else ","
    rows = [["x", "y y"], ["1,5", f"a{other}b"], ["2,5", "c"]]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    found = read(tmp_path / "b.csv", (tmp_path / "a.csv").read_text())
    assert columns(found) == {"x": ["1,5", "2,5"], "y y": [f"a{other}b", "c"]}


def test_a_delimiter_in_the_names_is_not_taken_for_that_of_the_file(tmp_path: Path) -> None:
    """The header alone has as many commas as semicolons."""
    file = read(tmp_path / "a.csv", "price, EUR;size, m;rooms\n1;2;3\n4;5;6\n")
    assert file.names == ("price, EUR", "size, m", "rooms")


TEXTS = {
    "byte order mark": "\ufeffx,y\n1,2\n",
    "windows": "x,y\r\n1,2\r\n",
    "old mac": "x,y\r1,2\r",
    "no last line end": "x,y\n1,2",
    "blanks around names": " x , y \n1,2\n",
    "empty lines": "\nx,y\n\n1,2\n\n\n",
    "quotes": '"x","y"\n"1","2"\n',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_form_of_the_same_table_is_read(text: str, tmp_path: Path) -> None:
    assert columns(read(tmp_path / "a.csv", text)) == {"x": ["1"], "y": ["2"]}


def test_fields_may_contain_delimiters_quotes_and_lines(tmp_path: Path) -> None:
    text = 'x,y\n"a, ""b""\n\nc",1\n"5"" disk",2\n6" disk,3\n'
    assert columns(read(tmp_path / "a.csv", text)) == {"x": ['a, "b"\n\nc', '5" disk', '6" disk'], "y": ["1", "2", "3"]}


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    assert columns(read(tmp_path / "a.csv.gz", gzip.compress(b"x,y\n1,2\n"))) == {"x": ["1"], "y": ["2"]}


FAULTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "only blanks": (b"\xef\xbb\xbf \n\n", "is empty"),
    "only a header": (b"x,y\n", "has a header, but no rows"),
    "too many fields": (b'x,y\n1,2\n\n"a\nb",2\n1,2,3\n', "line 6 has 3 fields, but the header has 2"),
    "too few fields": (b"x,y\n1,2\n1\n", "line 3 has 1 fields, but the header has 2"),
    "duplicate names": (b"x,y,x\n1,2,3\n", "several columns have the same name: 'x'"),
    "a row for a header": (b"0,0.5,0\n1,2,3\n", "same name: '0'. If the first line is a row, add a line with names"),
    "equal names but for blanks": (b"x,y, x\n1,2,3\n", "several columns have the same name: 'x'"),
    "no name": (b"x,,y\n0,1,2\n", "column 2 has no name"),
    "latin-1": ("x,y\n1,2\nZürich,3\n".encode("latin-1"), "line 3 contains the byte 0xfc"),
    "utf-16": ("x,y\n1,2\n".encode("utf-16"), "is encoded as UTF-16"),
    "binary": (b"x,y\n\x00\x01\x02", "is not a text file"),
    "a PNG": (b"\x89PNG\r\n\x1a\n....", "is not a CSV file. It is a PNG image"),
    "a Parquet file": (b"PAR1\x15\x04", "is not a CSV file. It is a Parquet file: write `kind: parquet`"),
    "an Excel workbook": (b"PK\x03\x04\x14\x00", "is a ZIP archive, such as an Excel workbook"),
    "compressed without .gz": (gzip.compress(b"x,y\n1,2\n"), "is compressed with gzip"),
    "a quote that is never closed": (b'x,y\n1,"a\n2,b\n3,c\n', "line 2 do not match"),
    "two quotes that are never closed": (b'x,y\n1,"a\n2,b\n3,"c\n4,d\n', "line 2 do not match"),
}


@pytest.mark.parametrize(("content", "message"), FAULTS.values(), ids=FAULTS)
def test_each_fault_has_its_own_message(content: bytes, message: str, tmp_path: Path) -> None:
    """The parser accepts open quotes: without the check, the rows between them would be lost."""
    with pytest.raises(DataError) as error:
        read(tmp_path / "a.csv", content)
    assert message in str(error.value)
    assert str(tmp_path / "a.csv") in str(error.value)


def test_a_missing_file_and_a_folder_are_called_so(tmp_path: Path) -> None:
    source = Csv(kind="csv", path="x", target="y")
    with pytest.raises(DataError, match=r"none\.csv: no such file"):
        open_csv(source, str(tmp_path / "none.csv"))
    with pytest.raises(DataError, match="cannot be read"):
        open_csv(source, "x" * 5000)
    with pytest.raises(DataError, match="is a folder"):
        open_csv(source, str(tmp_path))


@pytest.mark.parametrize("rows", ["0,1\n1,2\n", "a,1\nb,2\n"])
def test_a_first_column_without_a_name_is_an_index(rows: str, tmp_path: Path) -> None:
    """pandas and R write one by default."""
    (tmp_path / "a.csv").write_text(f",x\n{rows}")
    source = Csv(kind="csv", path="a.csv", target="x")
    assert open_csv(source, str(tmp_path / "a.csv")).names == ("Unnamed: 0", "x")
    assert stream_csv(source, str(tmp_path / "a.csv")).names == ("Unnamed: 0", "x")
    (tmp_path / "a.csv").write_text(f"x,\n{rows}")
    with pytest.raises(DataError, match="column 2 has no name in the header"):
        open_csv(source, str(tmp_path / "a.csv"))
