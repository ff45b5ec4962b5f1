"""From a table on disk to training and test examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Part, RawData, Rows
from dnnctl.data.held_out import hold_out
from dnnctl.data.tables.column import Column
from dnnctl.data.tables.column_type import MISSING_WORDS, SPECIFIED, Reading, read_column
from dnnctl.data.tables.describe import feature_role, in_file_order, summarize, target_role
from dnnctl.data.tables.encode import encode, fit_encoding
from dnnctl.data.tables.examples import Examples
from dnnctl.data.tables.roles import Roles, check_columns, find_roles
from dnnctl.data.tables.scratch import array_on_disk
from dnnctl.data.tables.suitability import check_feature, check_finite, check_written, spelling_warnings, unused_reason
from dnnctl.data.tables.table_file import TableFile
from dnnctl.data.tables.target import Target, find_target
from dnnctl.data.tables.wording import listed_rows, quoted
from dnnctl.errors import DataError
from dnnctl.specs.table import Table
from dnnctl.store.encoding import TableEncoding

Open = Callable[[str], TableFile]
Columns = dict[str, Column]
BLOCK = 65_536
"""The number of rows that are encoded at a time for a temporary file."""
Keep = Callable[[Column], Column]
"""Keeps a column in memory or on the disk."""
Types = Mapping[str, tuple[str, str | None]]
"""The types of columns, and how their text is written; None if it is to be found."""


def load_table(source: Table, open_file: Open, *, on_disk: bool = False) -> RawData:
    """The training and test splits of a table. Their inputs are encoded by `fit`.

    Args:
        on_disk: whether values and encoded rows are kept in temporary files, so that only single columns are in memory.

    Raises:
        DataError: a file or a column is missing, damaged, or not what the spec says.
    """
    file = open_file(source.path)
    roles = find_roles(source, file.path, file.names)
    keep = _keep_on_disk if on_disk else _keep_in_memory
    columns = _read(source, file, roles.used, _types(source, roles), keep)
    roles, unused = _without_unused(source, roles, columns, file.path)
    target = find_target([columns[name] for name in roles.targets], source.task, file.path)
    train, test = _examples(source, roles, columns, target, file.path), None
    rows = np.arange(len(train))
    if source.test != "none" and source.test.path != "none":
        test = _test_file(source, roles, columns, target, open_file(source.test.path), keep)
    elif source.test != "none" and source.test.size != "none":
        rows, test_rows = hold_out(_raw_of(train, target), source.test.size)
        train, test = train.select(rows, keep), train.select(test_rows, keep)
    return _Loaded(source, file, roles, columns, rows, unused, target, train, test, on_disk).raw()


@dataclass(frozen=True)
class _Loaded:
    """A table before its rows are encoded."""

    source: Table
    file: TableFile
    roles: Roles
    columns: Columns
    """Every column that was read, in all rows of the file."""
    rows: Rows
    """Those of training."""
    unused: dict[str, str]
    """Columns that are left out, and why."""
    target: Target
    train: Examples
    test: Examples | None
    on_disk: bool
    """Whether encoded rows are kept in temporary files."""

    def raw(self) -> RawData:
        """The data set, to be split and then encoded."""
        groups, dates = self.train.groups, self.train.dates
        return RawData(
            self.train,
            self.test,
            self.target.task,
            self.target.class_names,
            groups=None if groups is None else groups.values,
            dates=None if dates is None else dates.values,
            fit=self.fit,
            row_numbers=self.rows,
            warnings=spelling_warnings(self.columns[name] for name in (*self.roles.features, *self.roles.targets)),
        )

    def fit(self, rows: Rows, scaling: str) -> RawData:
        """The data set with encoded inputs; statistics are those of these training rows."""
        encoding = fit_encoding(self.train.features, rows, self.source, scaling)
        roles = {name: f"excluded: {reason}" for name, reason in self.unused.items()}
        roles |= {name: role for role, name in self.roles.special.items()}
        roles |= {how.name: feature_role(how, scaling) for how in encoding.columns}
        roles |= dict.fromkeys(self.roles.targets, target_role(self.target))
        summaries = [summarize(self.columns[name].take(self.rows[rows]), role) for name, role in roles.items()]

        def encoded(examples: Examples) -> Part:
            into = _encode_to_disk if self.on_disk else encode
            return replace(examples.take(slice(None)), inputs=into(encoding, examples.features))

        return replace(
            self.raw(),
            train=encoded(self.train),
            test=None if self.test is None else encoded(self.test),
            fit=None,
            encoding=encoding,
            columns=tuple(in_file_order(self.file.names, summaries)),
        )


def _encode_to_disk(encoding: TableEncoding, columns: Sequence[Column]) -> Array:
    """(N, F) the encoded rows, in a temporary file."""
    n_rows = len(columns[0])
    parts = (slice(start, start + BLOCK) for start in range(0, n_rows, BLOCK))
    return array_on_disk((encode(encoding, [column.take(part) for column in columns]) for part in parts), n_rows)


def _keep_in_memory(column: Column) -> Column:
    return column


def _keep_on_disk(column: Column) -> Column:
    return replace(column, values=array_on_disk([column.values], len(column)))


def _types(source: Table, roles: Roles) -> Types:
    """The types that the spec has, and those of columns with a role."""
    types = {name: SPECIFIED.get(type, (type, None)) for name, type in source.features.types.items()}
    return types | ({roles.special["weight"]: ("number", None)} if "weight" in roles.special else {})


def _read(source: Table, file: TableFile, names: Sequence[str], types: Types, keep: Keep) -> Columns:
    words = MISSING_WORDS if source.missing.words == "auto" else tuple(source.missing.words)
    reading = Reading(file.path, words, file.is_typed, file.decimal)
    return {
        name: keep(read_column(name, file.select([name])[name], reading, *types.get(name, (None, None))))
        for name in names
    }


def _without_unused(source: Table, roles: Roles, columns: Columns, path: str) -> tuple[Roles, dict[str, str]]:
    """The roles without columns that the user did not name and that are of no use, and why each is left out."""
    named = set(source.features.types) | (set() if source.features.include == "all" else set(source.features.include))
    reasons = {name: unused_reason(columns[name]) for name in roles.features if name not in named}
    unused = {name: reason for name, reason in reasons.items() if reason}
    features = tuple(name for name in roles.features if name not in unused)
    if not features:
        reason = ", ".join(f"{quoted(name)} ({reason})" for name, reason in list(unused.items())[:5])
        names = ", ".join(map(quoted, list(unused)[:5]))
        raise DataError(
            f"{path}: no column is left for the network. Left out: {reason}. Add columns that say something about the "
            f"target; to use {'it' if len(unused) == 1 else 'them'} all the same, write "
            f"`features: {{include: [{names}]}}` in data.source."
        )
    return replace(roles, features=features), unused


def _examples(source: Table, roles: Roles, columns: Columns, target: Target, path: str) -> Examples:
    """The examples of a file.

    Raises:
        DataError: a column is not suitable for its role.
    """
    for name in roles.features:
        is_typed = name in source.features.types
        check_feature(columns[name], path, is_typed=is_typed, refuses_missing=_refuses_missing(source, columns[name]))
    special = {role: columns[name] for role, name in roles.special.items() if name in columns}
    for role, column in special.items():
        _check_special(role, column, path)
    return Examples(
        tuple(columns[name] for name in roles.features),
        target.values([columns[name] for name in roles.targets], path),
        _weights(special["weight"], path) if "weight" in special else None,
        special.get("group"),
        special.get("date"),
    )


def _check_special(role: str, column: Column, path: str) -> None:
    if role == "date":
        check_written(column, path)
    if role == "date" and column.is_category:
        raise DataError(
            f"{path}: column {quoted(column.name)} is not dates (`data.source.date`). Write all of them as 2026-01-31."
        )
    if column.is_missing.any():
        missing = listed_rows(column.is_missing)
        raise DataError(f"{path}: the {role} {quoted(column.name)} has no value in {missing}. Remove these rows.")


def _refuses_missing(source: Table, column: Column) -> bool:
    if column.is_category:
        return source.missing.categories == "refuse"
    return source.missing.numbers.kind == "refuse"


def _raw_of(examples: Examples, target: Target) -> RawData:
    """Examples with what decides their split."""
    groups, dates = (None if each is None else each.values for each in (examples.groups, examples.dates))
    return RawData(examples, None, target.task, target.class_names, groups=groups, dates=dates)


def _test_file(source: Table, roles: Roles, columns: Columns, target: Target, file: TableFile, keep: Keep) -> Examples:
    """The examples of a test file, whose columns have the types of those of the training file."""
    check_columns(file.path, file.names, [*roles.features, *roles.targets])
    roles = replace(roles, special={role: name for role, name in roles.special.items() if name in file.names})
    types: Types = {name: (column.kind, column.format) for name, column in columns.items()}
    kinds = {name: column.kind for name, column in columns.items()}
    checked = source.model_copy(update={"features": source.features.model_copy(update={"types": kinds})})
    return _examples(checked, roles, _read(source, file, roles.used, types, keep), target, file.path)


def _weights(column: Column, path: str) -> NDArray[np.float32]:
    check_finite(column, path)
    weights = column.values.astype(np.float32)
    is_wrong = ~np.isfinite(weights) | (weights < 0)
    if is_wrong.any():
        raise DataError(
            f"{path}: the weight {quoted(column.name)} is negative or too large in {listed_rows(is_wrong)}. "
            "Weights are 0 or greater."
        )
    if not weights.any():
        raise DataError(
            f"{path}: the weight {quoted(column.name)} is 0 in every row, so there is nothing to learn from."
        )
    return weights
