"""New rows of a table are read as the rows of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dnnctl.data.inputs.batch import InputForm
from dnnctl.data.inputs.tables import TableInputs, open_table
from dnnctl.errors import DataError
from dnnctl.specs.table import Csv
from dnnctl.store.encoding import ColumnEncoding, TableEncoding

ENCODING = TableEncoding(
    (
        ColumnEncoding("d", "date", format="month_first"),
        ColumnEncoding("p", "number", format="$"),
        ColumnEncoding("n", "number"),
    )
)


def read(path: Path, text: str) -> tuple[dict[str, list[float]], list[str]]:
    path.write_text(text)
    form = InputForm("run", (), False, ENCODING, source=Csv(kind="csv", path=str(path), target="y"))
    inputs = TableInputs(open_table("csv", str(path), form), form)
    found = [batch.inputs for batch in inputs.batches()]
    assert all(isinstance(each, dict) for each in found)
    return {name: np.concatenate([each[name] for each in found]).tolist() for name in "dpn"}, inputs.notes()  # type: ignore[index]


def test_dates_and_units_are_written_as_in_training(tmp_path: Path) -> None:
    """The order of 2/1/1970 is not clear without training."""
    values, notes = read(tmp_path / "a.csv", 'd,p,n\n2/1/1970,"$1,200",5\n1970-01-03,$7,\n')
    assert values["d"] == [31, 2]
    assert values["p"] == [1200, 7]
    assert not [note for note in notes if "ignored" in note]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("13/1/1970,$5,5", "'13/1/1970' in row 1"),
        ("1/1/1970,€5,5", "'€5' in row 1"),
        ('1/1/1970,$5,"1,000"', "'1,000'"),
    ],
)
def test_other_ways_of_writing_are_refused(row: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path / "a.csv", f"d,p,n\n{row}\n")


def test_the_index_that_pandas_saves_may_be_in_the_file_or_not(tmp_path: Path) -> None:
    with_index = read(tmp_path / "a.csv", ",d,p,n\n0,1/2/1970,$5,5\n1,1/3/1970,$6,6\n")
    assert with_index == read(tmp_path / "a.csv", "d,p,n\n1/2/1970,$5,5\n1/3/1970,$6,6\n")
