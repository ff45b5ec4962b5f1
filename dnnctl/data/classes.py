"""Keeping only some of the classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import RawData, RowSource, Subset
from dnnctl.errors import DataError

DROPPED = -1


def new_numbers(raw: RawData, classes: list[int | str]) -> NDArray[np.int32]:
    """(K,) for each class its new number: 0, 1, … in the given order; -1 for a class that is not kept.

    Raises:
        DataError: the targets are not classes, or a named class does not exist or is a duplicate.
    """
    if raw.task != "classes":
        raise DataError("data.classes: the targets are numbers, so there are no classes to select.")
    kept = [_class_number(entry, raw.class_names) for entry in classes]
    if len(set(kept)) != len(kept):
        raise DataError(f"data.classes: a class appears twice in {classes}.")
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


def _class_number(entry: int | str, names: tuple[str, ...]) -> int:
    """The number of a class given by its name, or by its number if the names are words."""
    if str(entry) in names:
        return names.index(str(entry))
    are_words = not all(name.lstrip("-").isdecimal() for name in names)
    if are_words and isinstance(entry, int) and 0 <= entry < len(names):
        return entry
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(names[:20]))
    raise DataError(f"data.classes: there is no class {entry!r}. Allowed: {listed}{', …' if len(names) > 20 else ''}.")
