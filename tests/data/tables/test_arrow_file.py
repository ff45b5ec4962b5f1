"""Parquet and Arrow files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from dnnctl.data.tables.arrow_file import open_arrow, open_parquet
from dnnctl.errors import DataError

TABLE = pa.table({"a": [1, 2], "a.b": ["x", None], "y": [0.5, 1.5]})


def write_stream(table: Any, path: str) -> None:
    with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


def write_file(table: Any, path: str) -> None:
    with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


FORMS: dict[str, tuple[Callable[[Any, str], None], Callable[[str], Any]]] = {
    "parquet": (pa.parquet.write_table, open_parquet),
    "stream": (write_stream, open_arrow),
    "file": (write_file, open_arrow),
    "feather": (pa.feather.write_feather, open_arrow),
}


@pytest.mark.parametrize(("write", "read"), FORMS.values(), ids=FORMS)
def test_the_columns_that_are_asked_for_are_read(
    write: Callable[[Any, str], None], read: Callable[[str], Any], tmp_path: Path
) -> None:
    """A name with a dot is not a path, and `a` does not select `a.b`."""
    path = str(tmp_path / "table")
    write(TABLE, path)
    file = read(path)
    assert file.names == ("a", "a.b", "y")
    assert file.select(["y", "a"]).to_pydict() == {"y": [0.5, 1.5], "a": [1, 2]}
    assert file.select(["a.b"]).to_pydict() == {"a.b": ["x", None]}


@pytest.mark.parametrize(("write", "read"), FORMS.values(), ids=FORMS)
def test_faults_have_their_own_messages(
    write: Callable[[Any, str], None], read: Callable[[str], Any], tmp_path: Path
) -> None:
    path = tmp_path / "table"
    with pytest.raises(DataError, match="no such file"):
        read(str(path))
    with pytest.raises(DataError, match="cannot be read"):
        read("x" * 5000)
    write(TABLE.slice(0, 0), str(path))
    with pytest.raises(DataError, match="has columns, but no rows"):
        read(str(path))
    path.write_text("a,y\n1,2\n")
    with pytest.raises(DataError, match=r"is not an? (Arrow|Parquet) file. If it is a text file, write `kind: csv`"):
        read(str(path))
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match=r"is not an? (Arrow|Parquet) file. It is a PNG image"):
        read(str(path))


@pytest.mark.parametrize("form", ["parquet", "stream", "file"])
def test_a_file_that_was_cut_off_is_called_damaged(form: str, tmp_path: Path) -> None:
    write, read = FORMS[form]
    path = tmp_path / "table"
    write(pa.table({"y": list(range(1000))}), str(path))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(DataError, match="is damaged"):
        read(str(path))


def test_the_files_of_a_folder_are_one_table(tmp_path: Path) -> None:
    """As `datasets.save_to_disk` writes them: streams, numbered, in a folder with JSON files."""
    folder = tmp_path / "saved"
    folder.mkdir()
    for number in (1, 0, 2):
        write_stream(pa.table({"y": [number, number + 10]}), str(folder / f"data-0000{number}-of-00003.arrow"))
    (folder / "state.json").write_text("{}")
    assert open_arrow(str(folder)).select(["y"]).to_pydict() == {"y": [0, 10, 1, 11, 2, 12]}
    write_stream(pa.table({"x": [1]}), str(folder / "data-00003-of-00004.arrow"))
    with pytest.raises(DataError, match="not files with the same columns"):
        open_arrow(str(folder))
    with pytest.raises(DataError, match="is a folder, but a table is a file"):
        open_arrow(str(tmp_path))


def test_columns_with_the_same_name_are_refused(tmp_path: Path) -> None:
    write_file(pa.table([pa.array([1]), pa.array([2])], ["y", "y"]), str(tmp_path / "table"))
    with pytest.raises(DataError, match="same name: 'y'"):
        open_arrow(str(tmp_path / "table"))


def test_damaged_offsets_and_names_are_an_error(tmp_path: Path) -> None:
    """pyarrow checks neither: it reads outside of its memory, and raises the error of a decoder."""
    path = tmp_path / "a.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, pa.schema([("name", pa.string())])) as writer:
        writer.write_table(pa.table({"name": ["aa", "bb", "cc"]}))
    whole = path.read_bytes()
    offsets, damaged = np.array([0, 2, 4, 6], "<i4").tobytes(), np.array([0, 2, 1 << 30, 6], "<i4").tobytes()
    assert offsets in whole
    for content in (whole.replace(offsets, damaged), whole.replace(b"name", b"\xffame")):
        path.write_bytes(content)
        with pytest.raises(DataError, match="is damaged"):
            open_arrow(str(path)).select(["name"])
