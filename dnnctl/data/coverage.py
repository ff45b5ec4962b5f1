"""Whether the training and validation splits contain the classes of the data: files are often sorted by label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dnnctl.errors import DataError

Labels = NDArray[np.generic]
SPLIT_FIX = "Write `take: random` and `stratify: true` in data.validation, or use another size."
MOST_LISTED = 10
TOLERATED = 0.1
"""A difference between the fractions that is accepted for any number of examples."""


def check_split(train: Labels, validation: Labels, names: tuple[str, ...]) -> None:
    """Reject splits with class numbers (N,) that are useless for training or validation.

    Raises:
        DataError: a split has only one class although the data has several, validation has a class that training
            lacks, or the fractions of the classes differ far more than in a random split.
    """
    check_several(train, np.concatenate([train, validation]), names, "training", SPLIT_FIX)
    check_several(validation, np.concatenate([train, validation]), names, "validation", SPLIT_FIX)
    missing = np.setdiff1d(validation, train)
    if len(missing):
        counts = _counts(validation[np.isin(validation, missing)], names)
        raise DataError(
            f"data.validation: no training example has the class of these validation examples: {counts}. {SPLIT_FIX}"
        )
    _check_fractions(train, validation, names)


def _check_fractions(train: Labels, validation: Labels, names: tuple[str, ...]) -> None:
    """Reject a validation split whose classes have other fractions than those of training.

    The total variation distance of a random split of n examples in K classes is at most √(K/n)/2 on average, and at
    most √(7/n) above its average with a probability of 1 - 10⁻⁶ (McDiarmid's inequality).
    """
    n_classes, n = len(names), len(validation)
    fractions = [np.bincount(labels, minlength=n_classes) / len(labels) for labels in (train, validation)]
    distance = float(np.abs(fractions[0] - fractions[1]).sum() / 2)
    if distance > TOLERATED + np.sqrt(n_classes / n) / 2 + np.sqrt(7 / n):
        raise DataError(
            "The classes have other fractions in the validation split than in the training split. "
            f"Training: {_counts(train, names)}. Validation: {_counts(validation, names)}. "
            f"Are the examples sorted by class? {SPLIT_FIX} To accept this split, write `allow: true`."
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


def absent_classes(train: Labels, splits: Mapping[str, Labels], names: tuple[str, ...]) -> Iterator[str]:
    """A warning for each measured split without examples of classes that training has: they are not measured there."""
    for role, labels in splits.items():
        absent = np.setdiff1d(train, labels)
        if len(absent):
            listed = ", ".join(names[int(label)] for label in absent[:MOST_LISTED])
            more = ", …" if len(absent) > MOST_LISTED else ""
            yield f"the {role} split has no example of {listed}{more}: its metrics say nothing about them"


def _counts(labels: Labels, names: tuple[str, ...]) -> str:
    """`12 cat, 3 dog`."""
    found, counts = np.unique(labels, return_counts=True)
    listed = [f"{count} {names[int(label)]}" for label, count in zip(found, counts, strict=True)]
    return ", ".join([*listed[:MOST_LISTED], *(["…"] if len(listed) > MOST_LISTED else [])])
