"""New rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dnnctl.data.dataset import Array
from dnnctl.data.inputs.batch import InputBatch, InputForm
from dnnctl.data.inputs.drift import Drift
from dnnctl.data.tables.arrow_file import stream_arrow, stream_parquet
from dnnctl.data.tables.column import Column
from dnnctl.data.tables.column_type import MISSING_WORDS, Reading, read_column
from dnnctl.data.tables.csv_stream import stream_csv
from dnnctl.data.tables.suitability import PANDAS_INDEX
from dnnctl.data.tables.table_file import TableStream
from dnnctl.data.tables.wording import LONGEST, MOST_LISTED, listed, quoted
from dnnctl.errors import DataError, shorten
from dnnctl.specs.table import Csv, Table
from dnnctl.store.encoding import ColumnEncoding
from dnnctl.text import is_number, nearest

FIX = "Fix this value, or leave the field empty if it is unknown."


def open_table(kind: str, path: str, form: InputForm) -> TableStream:
    """A file of the kind `csv`, `parquet` or `arrow`, as the run reads tables.

    Raises:
        DataError: it is not such a file.
    """
    if kind == "csv":
        ours = form.source if isinstance(form.source, Csv) else None
        plain = Csv(kind="csv", path=path, target="")
        return stream_csv(ours or plain, path)
    return stream_parquet(path) if kind == "parquet" else stream_arrow(path)


class TableInputs:
    """The rows of a table, whose columns have the types that they have in training.

    Args:
        keep: other columns of the table that are given along.

    Raises:
        DataError: a column is missing.
    """

    def __init__(self, stream: TableStream, form: InputForm, keep: Sequence[str] = ()) -> None:
        assert form.encoding is not None
        self.stream = stream
        self.form = form
        self.columns = form.encoding.columns
        self.keep = tuple(dict.fromkeys(keep))
        self.drift = Drift()
        _check_names(stream, [how.name for how in self.columns], f"{form.run} was trained with them")
        _check_names(stream, self.keep, "--keep names them")

    def batches(self) -> Iterator[InputBatch]:
        """The rows in order.

        Raises:
            DataError: a value is not of the type of its column, or cannot be used.
        """
        names = list(dict.fromkeys([*(how.name for how in self.columns), *self.keep]))
        first = 0
        for table in self.stream.batches(names):
            inputs = {how.name: self._read(how, table[how.name], first) for how in self.columns}
            rows = range(first + 1, first + table.num_rows + 1)
            yield InputBatch({"row": rows}, inputs, {name: table[name] for name in self.keep})
            first += table.num_rows
            self.drift.n_rows = first

    def notes(self) -> list[str]:
        """Columns that are ignored, and rows that are unlike the training examples."""
        used = {how.name for how in self.columns} | set(self.keep) | _named(self.form)
        ignored = [name for name in self.stream.names if name not in used and not PANDAS_INDEX.fullmatch(name)]
        return [*([f"ignored columns: {listed(ignored)}"] if ignored else []), *self.drift.notes()]

    def reading(self, first: int) -> Reading:
        """How the columns are read, from the row with this number."""
        words, stream = _missing_words(self.form), self.stream
        return Reading(stream.path, words, stream.is_typed, stream.decimal, first, fix=FIX)

    def _read(self, how: ColumnEncoding, values: Any, first: int) -> Array:
        column = read_column(how.name, values, self.reading(first), how.kind, how.format)
        _check_values(column, self.stream.path, first, refuses_missing=_refuses_missing(self.form, column))
        self.drift.add(how, column)
        return column.raw_values()


def _missing_words(form: InputForm) -> tuple[str, ...]:
    """How missing values are written."""
    source = form.source
    is_given = isinstance(source, Table) and source.missing.words != "auto"
    return tuple(source.missing.words) if is_given else MISSING_WORDS  # type: ignore[union-attr]


def _named(form: InputForm) -> set[str]:
    """The columns that the spec names for something else than the network, or excludes."""
    source = form.source
    if not isinstance(source, Table):
        return set()
    targets = [source.target] if isinstance(source.target, str) else source.target
    return {*targets, source.weight, source.group, source.date, *source.features.exclude}


def _refuses_missing(form: InputForm, column: Column) -> bool:
    source = form.source
    if not isinstance(source, Table):
        return False
    return (source.missing.categories if column.is_category else source.missing.numbers.kind) == "refuse"


def _check_names(stream: TableStream, wanted: Sequence[str], reason: str) -> None:
    """Check that a table has columns; those that look like the missing ones are named."""
    missing = [name for name in wanted if name not in stream.names]
    if not missing:
        return
    others = [name for name in stream.names if name not in wanted]
    near = {name: nearest(shorten(name, LONGEST), others) for name in missing[:MOST_LISTED]}
    meant = [f"{quoted(found)} for {quoted(name)}" for name, found in near.items() if found]
    if stream.names and all(map(is_number, stream.names)):
        hint = "Its first line must be the names of the columns, but has only numbers."
    elif meant:
        hint = f"Did you mean {' and '.join(meant)}?"
    else:
        hint = f"Its other columns: {listed(others) or 'none'}."
    raise DataError(f"{stream.path} lacks columns: {listed(missing)} ({reason}). {hint}")


def _check_values(column: Column, path: str, first: int, *, refuses_missing: bool) -> None:
    if not column.is_category:
        infinite = np.flatnonzero(np.isinf(column.values.astype(np.float64)))
        if len(infinite):
            row = first + int(infinite[0]) + 1
            raise DataError(f"{path}: column {quoted(column.name)} has an infinite value in row {row}. {FIX}")
    missing = np.flatnonzero(column.is_missing)
    if refuses_missing and len(missing):
        row = first + int(missing[0]) + 1
        raise DataError(
            f"{path}: column {quoted(column.name)} has no value in row {row}, and `data.source.missing` of the run "
            "refuses missing values."
        )
