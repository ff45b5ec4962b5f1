"""Which column of a table is the target, and which columns a network cannot use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from dnnctl.data.guess.guess import TARGETS, Entry, Guess, named, no_such
from dnnctl.data.tables.arrow_file import open_arrow, open_parquet
from dnnctl.data.tables.column_type import MISSING_WORDS, Reading, read_column
from dnnctl.data.tables.csv_file import open_csv
from dnnctl.data.tables.matching import all_match
from dnnctl.data.tables.number_text import number_pattern
from dnnctl.data.tables.suitability import is_free_text
from dnnctl.data.tables.table_file import TableFile
from dnnctl.data.tables.target import find_target
from dnnctl.data.tables.wording import listed, quoted
from dnnctl.errors import DataError
from dnnctl.specs.table import Csv
from dnnctl.text import is_number

SAMPLE_ROWS = 10_000
"""The number of rows in which decimal commas are looked for."""
HEADER_SHARE = 0.5
"""A first line of which more than this fraction is numbers with a point is a row, not a header."""
TEST = Entry("test", {"size": 0.2}, "20 % of the rows, at random, the same for every seed; or {path: FILE}, or none")


def open_table(kind: str, path: str) -> TableFile:
    """A table of any kind.

    Raises:
        DataError: it cannot be read, or has no header.
    """
    if kind == "csv":
        source = Csv(kind="csv", path=path, target="?")
        file = open_csv(source, path)
        _check_header(file)
        return replace(file, decimal=",") if column_with_decimal_commas(file) else file
    return open_parquet(path) if kind == "parquet" else open_arrow(path)


def column_with_decimal_commas(file: TableFile) -> str:
    """The first column with numbers such as 1,5; empty if there is none, or if another one has numbers such as 1.5."""
    rows = file.select(file.names).slice(0, SAMPLE_ROWS)
    found = [_decimal_of(rows[name].cast(pa.large_string())) for name in file.names]
    return file.names[found.index(",")] if "," in found and "." not in found else ""


def guess_table(kind: str, file: TableFile, target: str | None) -> Guess:
    """The target, and columns to exclude.

    Args:
        target: the name of the target; None to guess it.

    Raises:
        DataError: there is no such column, or it cannot be a target.
    """
    target, finding = choose_target(file.names, target, file.path)
    reading = Reading(file.path, is_typed=file.is_typed, decimal=file.decimal)
    column = read_column(target, file.select([target])[target], reading)
    try:
        task = find_target([column], "auto", file.path).task
    except DataError as error:
        choices = listed(name for name in file.names if name != target)
        raise DataError(f"{error}\nTo predict another column, write --target COLUMN. There are {choices}.") from None
    excluded = _unusable(file, target, reading)
    entries = [Entry("target", target, "the column to predict")]
    if file.decimal != ".":
        entries.insert(0, Entry("decimal", file.decimal, "the character before decimal places"))
        finding += (f"numbers have decimal commas, as in column {quoted(column_with_decimal_commas(file))}",)
    findings = [*finding]
    if excluded:
        entries.append(Entry("features", {"exclude": excluded}, "text with too many different values, or no values"))
        findings.append(f"{listed(excluded)} left out: too many different texts, or values that a network cannot use")
    return Guess((*entries, TEST), kind, task, findings=tuple(findings))


def choose_target(names: Sequence[str], target: str | None, path: str) -> tuple[str, tuple[str, ...]]:
    """The name of the target, and why it was chosen, if it was not given.

    Raises:
        DataError: there is no such column, or only one.
    """
    if len(names) < 2:
        raise DataError(f"{path} has one column, {quoted(names[0])}, but a table needs a target and other columns.")
    if target is not None and target not in names:
        raise DataError(no_such("column", target, names, path))
    if target is not None:
        return target, ()
    guessed = named(names, TARGETS)
    reason = "because of its name" if guessed else "because it is the last column"
    chosen = guessed or names[-1]
    return chosen, (f"the target is {quoted(chosen)}, {reason}; for another, write --target COLUMN",)


def _decimal_of(column: pa.ChunkedArray) -> str:
    """The only character that can be before the decimal places of a column's numbers; empty if both can be."""
    texts = pc.utf8_trim_whitespace(column)
    is_missing = pc.is_in(texts, value_set=pa.array(["", *MISSING_WORDS], pa.large_string()))
    texts = texts.filter(pc.invert(is_missing))
    fits = [decimal for decimal in ".," if len(texts) and all_match(texts, number_pattern(decimal))]
    return fits[0] if len(fits) == 1 else ""


def _unusable(file: TableFile, target: str, reading: Reading) -> list[str]:
    """Columns that would be refused: text with too many different values, lists, bytes."""
    found = []
    for name in file.names:
        try:
            is_usable = name == target or not is_free_text(read_column(name, file.select([name])[name], reading))
        except DataError:
            is_usable = False
        if not is_usable:
            found.append(name)
    return found


def _check_header(file: TableFile) -> None:
    """Reject a first line that is a row, not names."""
    numbers = [name for name in file.names if is_number(name)]
    has_points = sum("." in name for name in numbers) > HEADER_SHARE * len(file.names)
    if has_points or len(numbers) == len(file.names):
        raise DataError(
            f"{file.path}: the first line has numbers, {listed(numbers[:3])}, not the names of the columns. Add a line "
            "with names at the top of the file."
        )
