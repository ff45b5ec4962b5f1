"""JSON lines as rows of a table: numbers and text in one key, as the column of the training data needs them."""

from __future__ import annotations

import io
import json
from contextlib import nullcontext
from typing import Any

import pytest

from dnnctl.data.inputs.batch import InputForm
from dnnctl.data.inputs.json_lines import stream_records
from dnnctl.data.inputs.tables import TableInputs
from dnnctl.errors import DataError
from dnnctl.store.encoding import ColumnEncoding, TableEncoding


def read(format: str | None, *values: Any) -> list[float]:
    """What the network gets for a column of numbers that were written with a unit in training."""
    lines = "".join(json.dumps({"x": value}) + "\n" for value in values).encode()
    form = InputForm("run", (), False, TableEncoding((ColumnEncoding("x", "number", format=format),)))
    inputs = TableInputs(stream_records(lambda: nullcontext(io.BytesIO(lines)), "a.jsonl"), form)
    (batch,) = inputs.batches()
    assert isinstance(batch.inputs, dict)
    return [float(value) for value in batch.inputs["x"]]


@pytest.mark.parametrize(
    ("format", "values", "expected"),
    [
        ("%", ["30 %", 30, "2.5 %", 0.5], [30, 30, 2.5, 0.5]),
        ("%", [30, "30 %"], [30, 30]),
        ("%", [30, 40], [30, 40]),
        ("$", ["$1,200", 7], [1200, 7]),
        (None, ["5", 7], [5, 7]),
    ],
)
def test_a_number_has_the_unit_of_the_texts_next_to_it(
    format: str | None, values: list[Any], expected: list[float]
) -> None:
    """JSON has no units: 30 next to "30 %" is as in a file with numbers only."""
    assert read(format, *values) == expected


@pytest.mark.parametrize(("format", "values"), [("%", ["$30", 30]), ("%", ["30 %", "$5", 3]), ("%", ["a lot", 30])])
def test_another_unit_is_refused(format: str, values: list[Any]) -> None:
    with pytest.raises(DataError, match="is not a number"):
        read(format, *values)
