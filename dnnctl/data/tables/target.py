"""What a table's target is: classes, numbers or labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Array, Task
from dnnctl.data.tables.column import Column
from dnnctl.data.tables.suitability import MANY, check_finite, check_written
from dnnctl.data.tables.wording import listed, listed_rows, quoted
from dnnctl.errors import DataError
from dnnctl.store.encoding import MISSING

FEW = 20
"""The largest number of different whole numbers that are taken for classes."""
CHOICES = "`data.source.task`"
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Target:
    """The target of a table, as its training file determines it."""

    task: Task
    class_names: tuple[str, ...] = ()
    """The classes in the order of their numbers, or the columns of labels, or of several numbers."""

    def values(self, columns: Sequence[Column], path: str) -> Array:
        """(N,) int32 class numbers, or (N, K) float32 numbers, of a file's target columns.

        Raises:
            DataError: a value is missing, infinite, or a class that the training file does not have.
        """
        for column in columns:
            _check_present(column, path)
        if self.task == "classes":
            return self._class_numbers(columns[0], path)
        return np.column_stack([column.values for column in columns]).astype(np.float32)

    def _class_numbers(self, column: Column, path: str) -> NDArray[np.int32]:
        names, codes = _distinct(column)
        number = {name: index for index, name in enumerate(self.class_names)}
        unknown = [name for name in names if name not in number and name != MISSING]
        if unknown:
            raise DataError(
                f"{path}: the target {quoted(column.name)} has classes that no training example has: "
                f"{listed(unknown)}. The training file has {listed(self.class_names)}."
            )
        return np.array([number.get(name, -1) for name in names], np.int32)[codes]


def find_target(columns: Sequence[Column], task: str, path: str) -> Target:
    """What the target columns of a training file are.

    Args:
        task: what the spec says: `auto`, `classes`, `numbers` or `labels`.

    Raises:
        DataError: values are missing or infinite, all the same, or not what the spec says.
    """
    for column in columns:
        _check_present(column, path)
    found = _find_one(columns[0], task, path) if len(columns) == 1 else _find_several(columns, task, path)
    for column in columns:
        _check_varied(column, path)
    return found


def _find_one(column: Column, task: str, path: str) -> Target:
    if task != "classes":
        check_written(column, path)
    if task == "labels":
        raise DataError(f"{path}: one target column is not a set of labels. Write `classes` or `numbers` in {CHOICES}.")
    if task == "numbers" or (task == "auto" and not _are_classes(column)):
        _check_numbers(column, path)
        return Target("numbers")
    if column.is_category and len(column.texts) > max(MANY, len(column) / 2):
        raise DataError(
            f"{path}: the target {quoted(column.name)} has {len(column.texts):,} different texts in {len(column):,} "
            f"rows, for example {listed(column.texts[:2])}. Is this the right column?"
        )
    if not column.is_category and bool((column.values % 1 != 0).any()):
        raise DataError(f"{path}: the target {quoted(column.name)} is not whole numbers. Write `numbers` in {CHOICES}.")
    return Target("classes", tuple(name for name in _distinct(column)[0] if name != MISSING))


def _find_several(columns: Sequence[Column], task: str, path: str) -> Target:
    if task == "classes":
        raise DataError(f"{path}: several target columns are labels or numbers, not classes. Fix {CHOICES}.")
    for column in columns:
        _check_numbers(column, path)
    other = [column.name for column in columns if not bool(np.isin(column.values, (0, 1)).all())]
    if task == "labels" and other:
        raise DataError(f"{path}: labels must be 0 or 1, but the target columns {listed(other)} have other values.")
    return Target("numbers" if task == "numbers" or other else "labels", tuple(column.name for column in columns))


def _are_classes(column: Column) -> bool:
    """Text and booleans; whole numbers if there are few different ones, each in two rows on average."""
    if column.kind in ("category", "boolean"):
        return True
    distinct = np.unique(column.values)
    return bool((distinct % 1 == 0).all()) and len(distinct) <= min(FEW, len(column) / 2) and column.kind == "number"


def _distinct(column: Column) -> tuple[Sequence[str], Array]:
    """The classes as text, in the order of the values, and (N,) the index of each row's class."""
    if column.is_category:
        return column.texts, column.values
    values, codes = np.unique(column.values.astype(np.float64) + 0.0, return_inverse=True)  # -0.0 becomes 0.0
    if column.kind == "boolean":
        return ["true" if value else "false" for value in values], codes
    return [f"{value:.0f}" if value % 1 == 0 else f"{value:.15g}" for value in values], codes


def _check_present(column: Column, path: str) -> None:
    if column.is_missing.any():
        raise DataError(
            f"{path}: the target {quoted(column.name)} has no value in {listed_rows(column.is_missing)}. "
            "Remove these rows, or use another column. (Words such as NA and None mean that a value is missing, unless "
            "`data.source.missing.words` lists others.)"
        )
    if not column.is_category:
        check_finite(column, path)


def _check_numbers(column: Column, path: str) -> None:
    if column.kind == "date":
        raise DataError(
            f"{path}: the target {quoted(column.name)} is a date, which cannot be predicted. Write it as a number, "
            "such as days since a start."
        )
    if column.is_category:
        example = quoted(str(column.raw_values()[0]))
        raise DataError(
            f"{path}: the target {quoted(column.name)} is text, such as {example}, not numbers. "
            f"Fix {CHOICES} or `data.source.target`."
        )
    is_large = np.abs(column.values) > LARGEST
    if is_large.any():
        raise DataError(
            f"{path}: the target {quoted(column.name)} is too large for float32 in {listed_rows(is_large)}. "
            "Use another unit."
        )


def _check_varied(column: Column, path: str) -> None:
    if (column.values == column.values[0]).all():
        value = quoted(str(column.raw_values()[0]))
        raise DataError(
            f"{path}: the target {quoted(column.name)} is {value} in every row, so there is nothing to learn. "
            "Is this the right column?"
        )
