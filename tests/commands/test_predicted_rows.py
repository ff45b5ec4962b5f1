"""Predictions as Python shows them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dnnctl.commands.predicted_rows import PredictedRows


def test_the_first_rows_are_shown() -> None:
    rows = PredictedRows(
        row=np.arange(1, 8), prediction=np.array(["a", "b\n" * 99, *"ccccc"], object), p_a=np.full(7, 1 / 3, np.float32)
    )
    assert repr(rows).splitlines() == [
        "7 rows",
        "row                prediction      p_a",
        "  1                         a  0.33333",
        "  2  b b b b b b b b b b b b…  0.33333",
        *[f"  {n}                         c  0.33333" for n in (3, 4, 5)],
        "…",
    ]


def test_they_are_a_dict_of_columns() -> None:
    rows = PredictedRows(row=np.array([1]), prediction=np.array([2.5]))
    assert repr(rows).splitlines() == ["1 row", "row  prediction", "  1         2.5"]
    assert pd.DataFrame(rows).to_dict("records") == [{"row": 1, "prediction": 2.5}]
    assert rows.n_rows == 1
    rows.notes = ("odd",)
    assert repr(rows).splitlines()[-1] == "note: odd"
