"""The kind of a file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from dnnctl.data.guess.endings import KINDS, guess_source
from dnnctl.errors import DataError


def test_an_unknown_ending_is_an_error_with_all_endings(tmp_path: Path) -> None:
    (tmp_path / "a.foo").write_text("x")
    with pytest.raises(DataError) as raised:
        guess_source(tmp_path / "a.foo")
    assert all(ending in str(raised.value) for ending in KINDS)


@pytest.mark.parametrize(
    ("ending", "advice"), [(".npy", "np.savez"), (".json", ".jsonl"), (".xlsx", "as CSV"), (".zip", "Unpack")]
)
def test_other_endings_are_errors_with_advice(ending: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / f"a{ending}").write_text("x")
    with pytest.raises(DataError, match=advice):
        guess_source(tmp_path / f"a{ending}")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        guess_source(tmp_path / "a.csv")


def test_a_folder_of_arrow_files_is_a_table(tmp_path: Path) -> None:
    table = pa.table({"a": [float(n) for n in range(30)], "label": ["u", "v"] * 15})
    with (
        pa.OSFile(str(tmp_path / "data-00000-of-00001.arrow"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as to,
    ):
        to.write_table(table)
    assert guess_source(tmp_path).kind == "arrow"
