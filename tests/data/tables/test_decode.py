"""Decoded rows against the columns that they were encoded from."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from dnnctl.data.load import load_data
from dnnctl.data.tables.decode import decode
from dnnctl.specs.data import Data
from sample_tables import NAMES, draw_columns, write_table


def test_a_decoded_row_is_that_of_the_file(tmp_path: Path) -> None:
    """Numbers to float32, booleans, dates, one-hot and embedded categories, and what is missing."""
    dataset = load_data(Data.model_validate({"source": write_table(tmp_path), "validation": {"size": 24}}), seed=3)
    assert dataset.encoding is not None
    columns = draw_columns(160)
    for encoded, row in zip(dataset.train.inputs, dataset.source_rows["train"], strict=True):
        found = decode(dataset.encoding, encoded)
        size, new = columns[NAMES["size"]][row], columns[NAMES["new"]][row]
        shown = found[NAMES["size"]]
        assert shown == "missing" if np.isnan(size) else abs(float(shown) - size) <= 1e-5 * abs(size)
        assert found[NAMES["new"]] == ("missing" if np.isnan(new) else "true" if new else "false")
        assert found[NAMES["sold"]] == str(date(1970, 1, 1) + timedelta(days=columns[NAMES["sold"]][row]))
        assert found[NAMES["colour"]] == columns[NAMES["colour"]][row]
        assert found[NAMES["zip"]] == columns[NAMES["zip"]][row]
