"""Files of predictions: every format holds the same values, and a file is complete or absent."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from dnnctl.cli.prediction_file import WRITERS, check_output, csv_lines, json_lines, write_predictions
from dnnctl.errors import UserError

FIRST: dict[str, Any] = {
    "row": [1, 2],
    "id": ["=cmd()", None],
    "prediction": np.array(["a,b", "c\nd"], object),
    "p_a": np.array([0.1, 1e-9], np.float32),
    "n": [1, None],
}
SECOND = {**FIRST, "row": [3, 4]}


def read(path: Path) -> dict[str, list[Any]]:
    """The columns of a file, by readers of others."""
    if path.suffix == ".csv":
        with path.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        return {name: [row[name] for row in rows] for name in rows[0]}
    if path.suffix == ".jsonl":
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return {name: [row[name] for row in lines] for name in lines[0]}
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name].tolist() for name in file.files}
    return pq.read_table(path).to_pydict()


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format_holds_all_rows(ending: str, tmp_path: Path) -> None:
    """float32 numbers have all their digits; what is missing is empty, null or NaN."""
    path = tmp_path / f"p{ending}"
    write_predictions(path, iter([FIRST, SECOND]))
    found = read(path)
    assert list(found) == list(FIRST)
    assert [int(row) for row in found["row"]] == [1, 2, 3, 4]
    np.testing.assert_array_equal(np.array(found["p_a"]).astype(np.float32), np.tile(FIRST["p_a"], 2))
    assert str(found["n"][1]) in ("", "None", "nan")
    assert float(found["n"][0]) == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_cell_is_no_formula_of_a_spreadsheet() -> None:
    lines = "".join(csv_lines([FIRST])).splitlines()
    assert lines == ["row,id,prediction,p_a,n", '1,\'=cmd(),"a,b",0.1,1', "2,,c\\nd,1e-9,"]


def test_the_text_nan_is_not_a_missing_value() -> None:
    found = csv_lines([{"id": ["nan", float("nan")], "n": np.array([np.nan, 1]), "label": np.array(["nan", "b"])}])
    assert "".join(found).splitlines() == ["id,n,label", "nan,,nan", ",1,b"]


def test_a_text_that_is_missing_in_all_first_rows_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    write_predictions(path, [{"id": [None, None], "n": [None, None]}, {"id": ["a", None], "n": [1, 2]}])
    found = read(path)
    assert found["id"] == ["", "", "a", ""]
    np.testing.assert_array_equal(found["n"], [np.nan, np.nan, 1, 2])


def test_a_line_of_json_is_one_row() -> None:
    rows = [json.loads(line) for line in json_lines([FIRST, SECOND])]
    assert rows[1] == {"row": 2, "id": None, "prediction": "c\nd", "p_a": float(np.float32(1e-9)), "n": None}
    assert len(rows) == 4


def test_an_unknown_ending_lists_the_known_ones(tmp_path: Path) -> None:
    for name in ("p.xlsx", "p", "p.csv.gz"):
        with pytest.raises(UserError, match=r"must be one of \.csv, \.parquet, \.jsonl, \.npz"):
            check_output(tmp_path / name, inputs=[], force=False)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        check_output(tmp_path / "folder.csv", inputs=[], force=True)


def test_a_fault_in_a_later_row_leaves_the_old_file(tmp_path: Path) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield FIRST
        raise UserError("row 3")

    for ending in WRITERS:
        path = tmp_path / f"p{ending}"
        path.write_text("old")
        with pytest.raises(UserError, match="row 3"):
            write_predictions(path, broken())
        assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == len(WRITERS)
    with pytest.raises(UserError, match="Cannot write"):
        write_predictions(tmp_path / "nix" / "p.csv", [FIRST])


KILLED = """
import os, signal, sys
from pathlib import Path
from dnnctl.cli.prediction_file import write_predictions

def batches():
    yield {"row": list(range(100_000))}
    os.kill(os.getpid(), signal.SIGKILL)

write_predictions(Path(sys.argv[1]), batches())
"""


@pytest.mark.parametrize("ending", WRITERS)
def test_a_killed_write_leaves_no_part_of_a_file(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"p{ending}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", KILLED, path], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()
    write_predictions(path, [FIRST])
    assert list(tmp_path.iterdir()) == [path]


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    """Not even with --force, and not through another name of the same file."""
    (tmp_path / "new.csv").write_text("a\n1\n")
    (tmp_path / "same.csv").symlink_to(tmp_path / "new.csv")
    for output in ("new.csv", "same.csv"):
        with pytest.raises(UserError, match="one of the inputs"):
            check_output(tmp_path / output, inputs=[str(tmp_path / "new.csv"), "-"], force=True)
    check_output(tmp_path / "other.csv", inputs=[str(tmp_path / "new.csv")], force=True)
