"""Keeping only some of the classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import RawData, RowSource, Subset
from dnnctl.errors import DataError
from dnnctl.specs.class_names import class_number
from dnnctl.text import suggest

DROPPED = -1


def new_numbers(raw: RawData, classes: list[int | str]) -> NDArray[np.int32]:
    """(K,) for each class its new number: 0, 1, … in the given order; -1 for a class that is not kept.

    Raises:
        DataError: the targets are not classes, or a named class does not exist or is a duplicate.
    """
    if raw.task != "classes":
        raise DataError("data.classes: the targets are numbers, so there are no classes to select.")
    kept = find_classes(classes, raw.class_names, "data.classes")
    numbers = np.full(len(raw.class_names), DROPPED, np.int32)
    numbers[kept] = np.arange(len(kept))
    return numbers


def relabel(source: RowSource, numbers: NDArray[np.int32], *, drop: bool) -> Subset:
    """The examples with new class numbers.

    Args:
        drop: whether to drop examples of other classes; if False, they stay and have the class number -1.
    """
    labels = numbers[source.targets.astype(np.intp)]
    rows = np.flatnonzero(labels != DROPPED) if drop else np.arange(len(labels))
    return Subset(source, rows, labels[rows])


def find_classes(entries: Sequence[int | str], names: tuple[str, ...], key: str) -> list[int]:
    """The numbers of classes, each given by its name, or by its number if the names are words.

    Args:
        key: the key of the spec that names the classes.

    Raises:
        DataError: there is no such class, or a class appears twice.
    """
    numbers = [_find_class(entry, names, key) for entry in entries]
    if len(set(numbers)) != len(numbers):
        raise DataError(f"{key}: a class appears twice in {', '.join(map(str, entries))}. Remove one.")
    return numbers


def _find_class(entry: int | str, names: tuple[str, ...], key: str) -> int:
    number = class_number(entry, names)
    if number is None:
        raise DataError(f"{key}: there is no class {entry!r}. {suggest(str(entry), names)}")
    return number
