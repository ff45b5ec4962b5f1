"""Which training examples are set aside for validation: a pure function of the spec, the seed and the labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dnnctl.data.dataset import Part, Task
from dnnctl.data.generator import generator
from dnnctl.errors import DataError
from dnnctl.specs.data import Validation

Rows = NDArray[np.intp]


def split_rows(validation: Validation, part: Part, task: Task, *, seed: int) -> tuple[Rows, Rows]:
    """The rows of training and of validation, disjoint, each in ascending order.

    Raises:
        DataError: nothing is left for training or validation, or `stratify` is set and the targets are numbers.
    """
    n = len(part)
    size = _size(validation, n)
    rows = np.arange(n)
    if validation.take == "first":
        kept = rows[:size]
    elif validation.take == "last":
        kept = rows[n - size :]
    elif validation.stratify:
        if task != "classes":
            raise DataError("data.validation.stratify: only classes can be stratified, but these targets are numbers.")
        kept = _stratified(part.targets, size, seed)
    else:
        kept = np.sort(generator(seed, "validation").permutation(n)[:size])
    return np.setdiff1d(rows, kept, assume_unique=True), kept


def _size(validation: Validation, n: int) -> int:
    size = validation.size if isinstance(validation.size, int) else round(validation.size * n)
    if not 0 < size < n:
        raise DataError(
            f"data.validation.size: {validation.size} of {n} training examples leaves "
            f"{'none for validation' if size <= 0 else 'none to train on'}. Choose another size."
        )
    return size


def _stratified(labels: NDArray[np.generic], size: int, seed: int) -> Rows:
    """Rows in which every class keeps its fraction, to within one example: the largest remainders are rounded up."""
    classes, counts = np.unique(labels, return_counts=True)
    exact = counts * (size / len(labels))
    shares = np.floor(exact).astype(int)
    for index in np.argsort(shares - exact, kind="stable")[: size - shares.sum()]:
        shares[index] += 1
    draw = generator(seed, "validation")
    chosen = [
        draw.permutation(np.flatnonzero(labels == label))[:share] for label, share in zip(classes, shares, strict=True)
    ]
    return np.sort(np.concatenate(chosen))
