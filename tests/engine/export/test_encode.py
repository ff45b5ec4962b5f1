"""encode.py, which goes with an export, gives the rows that training got."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import sample_tables
from dnnctl.engine.export.encode import encode
from dnnctl.store.json_object import plain
from sample_tables import NAMES, draw_columns, fit_encoding


def test_rows_are_those_of_the_definition(tmp_path: Path) -> None:
    """Bit by bit, with missing and unknown values; the oracle follows the definition value by value."""
    encoding = fit_encoding(draw_columns(120), slice(None))
    path = tmp_path / "encoder.json"
    path.write_text(json.dumps(plain(encoding)))
    columns = draw_columns(90, seed=11)
    columns[NAMES["colour"]][:3] = ["unknown", "", "red"]
    found = encode(columns, path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, sample_tables.encode(encoding, columns))
    lists = {
        name: [None if each in ("",) or each != each else each for each in values] for name, values in columns.items()
    }
    np.testing.assert_array_equal(encode(lists, path), found, err_msg="None is a missing value")
    blanks = {**lists, NAMES["colour"]: [each and f" {each} " for each in lists[NAMES["colour"]]]}
    np.testing.assert_array_equal(encode(blanks, path), found, err_msg="tables are read without blanks")
