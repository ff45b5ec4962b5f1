"""Whether the training and validation splits contain the classes of the data: files are often sorted by label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.errors import DataError

Labels = NDArray[np.generic]
SPLIT_FIX = "Write `take: random` and `stratify: true` in data.validation, or use another size."
MOST_LISTED = 10


def check_split(train: Labels, validation: Labels, names: tuple[str, ...]) -> None:
    """Reject splits with class numbers (N,) that are useless for training or validation.

    Raises:
        DataError: a split has only one class although the data has several, or validation has a class that training
            lacks.
    """
    check_several(train, np.concatenate([train, validation]), names, "training", SPLIT_FIX)
    check_several(validation, np.concatenate([train, validation]), names, "validation", SPLIT_FIX)
    missing = np.setdiff1d(validation, train)
    if len(missing):
        counts = _counts(validation[np.isin(validation, missing)], names)
        raise DataError(
            f"data.validation: no training example has the class of these validation examples: {counts}. {SPLIT_FIX}"
        )


def check_several(part: Labels, whole: Labels, names: tuple[str, ...], role: str, fix: str) -> None:
    """Reject a split with one class, taken from class numbers (N,) of several; a single example is accepted.

    Raises:
        DataError: the split has only one class.
    """
    if len(part) > 1 and len(np.unique(part)) == 1 < len(np.unique(whole)):
        raise DataError(
            f"The {role} split has only one class: {_counts(part, names)}. The data has {_counts(whole, names)}. "
            f"Are the examples sorted by class? {fix}"
        )


def _counts(labels: Labels, names: tuple[str, ...]) -> str:
    """`12 cat, 3 dog`."""
    found, counts = np.unique(labels, return_counts=True)
    listed = [f"{count} {names[int(label)]}" for label, count in zip(found, counts, strict=True)]
    return ", ".join([*listed[:MOST_LISTED], *(["…"] if len(listed) > MOST_LISTED else [])])
