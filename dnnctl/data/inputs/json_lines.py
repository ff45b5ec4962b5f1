"""New inputs as JSON lines: objects of columns for a table, otherwise objects with a list of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dnnctl.data.dataset import Array
from dnnctl.data.inputs.arrays import check_array
from dnnctl.data.inputs.batch import STEP, InputBatch, InputForm
from dnnctl.data.json_lines import read_record
from dnnctl.data.tables.number_text import THOUSANDS, written_numbers
from dnnctl.data.tables.table_file import TableStream
from dnnctl.data.tables.wording import quoted
from dnnctl.errors import DataError
from dnnctl.specs.source import JsonLines
from dnnctl.text import format_shape

BATCH = 8 * STEP
PLAIN = (str, int, float, bool, type(None))
Record = dict[str, Any]
OpenFile = Callable[[], AbstractContextManager[BinaryIO]]


class JsonInputs:
    """The inputs of lines such as {"inputs": [0.5, 1.5]}.

    Args:
        keep: other keys of the objects that are given along.
    """

    def __init__(self, open_file: OpenFile, place: str, form: InputForm, keep: Sequence[str] = ()) -> None:
        self.open_file = open_file
        self.place = place
        self.form = form
        self.key = form.source.inputs if isinstance(form.source, JsonLines) else "inputs"
        self.keep = tuple(dict.fromkeys(keep))

    def batches(self) -> Iterator[InputBatch]:
        """The rows in order; row 1 is the first line that is not blank.

        Raises:
            DataError: a line does not have inputs of the shape that the network takes.
        """
        first = 0
        for lines in _batches(self.open_file, self.place):
            records = [read_record(line, place, self.key, *self.keep) for line, place in lines]
            inputs = self._stack([record[self.key] for record in records], [place for _, place in lines])
            check_array(inputs, self.form)
            rows = range(first + 1, first + len(records) + 1)
            yield InputBatch({"row": rows}, inputs, {key: [record[key] for record in records] for key in self.keep})
            first += len(records)

    def notes(self) -> list[str]:
        """Nothing."""
        return []

    def _stack(self, rows: Sequence[Any], places: Sequence[str]) -> Array:
        """(N, …) the inputs of some lines."""
        try:
            inputs = np.array(rows)
        except ValueError:
            inputs = None
        if inputs is not None and inputs.shape[1:] == self.form.shape and inputs.dtype.kind in "fiub":
            return inputs
        for row, place in zip(rows, places, strict=True):
            self._check(row, place)
        return np.array(rows, np.float64)

    def _check(self, row: Any, place: str) -> None:
        try:
            found = np.array(row)
        except ValueError:
            found = np.array("")
        if found.dtype.kind not in "fiub":
            raise DataError(f"{place}: the inputs are not numbers, or lists of different lengths.")
        if found.shape != self.form.shape:
            wanted = format_shape(self.form.shape)
            raise DataError(f"{place}: the inputs have the shape {format_shape(found.shape)}. It must be {wanted}.")


def stream_records(open_file: OpenFile, place: str) -> TableStream:
    """JSON lines as a table. Its columns are the keys of the first object.

    Raises:
        DataError: there are no lines, or the first one is not an object.
    """
    lines = _batches(open_file, place)
    first = next(lines)

    def batches(names: Sequence[str]) -> Iterator[pa.Table]:
        for some in chain([first], lines):
            yield _table(some, names)

    return TableStream(place, tuple(read_record(*first[0])), batches)


def _batches(open_file: OpenFile, place: str) -> Iterator[list[tuple[bytes, str]]]:
    """Lines that are not blank, each with its place.

    Raises:
        DataError: there are none.
    """
    is_empty = True
    with open_file() as file:
        lines = ((line, f"{place}:{number}") for number, line in enumerate(file, 1) if line.strip())
        while batch := list(islice(lines, BATCH)):
            is_empty = False
            yield batch
    if is_empty:
        raise DataError(f"{place} is empty: write a JSON object in each line.")


def _table(lines: Sequence[tuple[bytes, str]], names: Sequence[str]) -> pa.Table:
    records = [read_record(line, place, *names) for line, place in lines]
    return pa.table({name: _column(name, records, lines) for name in names})


def _column(name: str, records: Sequence[Record], lines: Sequence[tuple[bytes, str]]) -> pa.Array:
    """The values of a key. If their types differ, all are text, which `read_column` reads as the column needs."""
    values = [record[name] for record in records]
    for value, (_, place) in zip(values, lines, strict=True):
        if not isinstance(value, PLAIN):
            kind = type(value).__name__
            raise DataError(f"{place}: {quoted(name)} is a {kind}, but must be text, a number, a boolean or null.")
    types = {type(value) for value in values} - {type(None)}
    if len(types) > 1 and types != {int, float}:
        unit = _unit_of([value for value in values if isinstance(value, str)])
        return pa.array([_text(value, unit) for value in values], pa.string())
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _unit_of(texts: Sequence[str]) -> str:
    """The unit that all numbers in texts have: `%` for "30 %". Numbers next to them, which JSON has no unit for, have
    the same.
    """
    array = pc.utf8_trim_whitespace(pa.chunked_array([texts], pa.string()))
    found = next((read for decimal in ".," if texts and (read := written_numbers(array, decimal))), None)
    return found[1] if found and found[1] != THOUSANDS else ""


def _text(value: Any, unit: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else f"{value} {unit}".rstrip()
