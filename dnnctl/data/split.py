"""Which training examples are set aside for validation: a pure function of the spec, the seed and the data."""

from __future__ import annotations

import numpy as np

from dnnctl.data.dataset import Array, RawData, Rows
from dnnctl.data.generator import generator
from dnnctl.errors import DataError
from dnnctl.specs.data import Data, Fold, Validation
from dnnctl.specs.source import BuiltIn

PURPOSE = "validation"


def split_rows(
    validation: Validation, raw: RawData, *, seed: int, is_built_in: bool, key: str = "data.validation"
) -> tuple[Rows, Rows]:
    """The rows of training and of validation, disjoint, each in ascending order.

    Args:
        is_built_in: whether `take: auto` means `first`; otherwise it means `random`.
        key: the section of the spec, for messages.

    Raises:
        DataError: nothing is left for training or validation, or the keys of the section do not fit the data.
    """
    strata = _strata(validation, raw, is_built_in=is_built_in)
    if validation.fold != "none":
        kept = _fold(validation.fold, raw, strata, seed)
    else:
        size = _size(validation, len(raw.train), key)
        if raw.dates is not None and raw.groups is not None:
            raise DataError(f"{key}: the newest examples would divide groups. Remove `date` or `group` in data.source.")
        kept = _kept(_take(validation, is_built_in=is_built_in), raw, size, strata, seed)
    rows = np.arange(len(raw.train))
    if len(kept) == len(rows):
        raise DataError(f"{key}: no example is left for training. Use a smaller size.")
    return np.setdiff1d(rows, kept, assume_unique=True), kept


def draw_rows(data: Data, raw: RawData, rows: Rows, n: int, *, seed: int) -> Rows:
    """The n training rows that `limit` keeps: the first of a built-in data set or an ordered split, otherwise drawn."""
    is_built_in = isinstance(data.source, BuiltIn)
    validation = Validation.model_construct() if data.validation == "none" else data.validation
    if _take(validation, is_built_in=is_built_in) != "random" or raw.dates is not None:
        return rows[:n]
    strata = _strata(validation, raw, is_built_in=is_built_in)
    drawn = _draw(len(rows), n, None if strata is None else strata[rows], seed, "limit")
    return rows[drawn]


def _take(validation: Validation, *, is_built_in: bool) -> str:
    if validation.take != "auto":
        return validation.take
    return "first" if is_built_in and validation.stratify is not True else "random"


def _strata(validation: Validation, raw: RawData, *, is_built_in: bool) -> Array | None:
    """(N,) the class of each example if classes keep their fractions, else None."""
    if validation.stratify is True and raw.task != "classes":
        raise DataError("data.validation.stratify: only classes can be stratified, but these targets are numbers.")
    wanted = not is_built_in if validation.stratify == "auto" else validation.stratify
    return raw.train.targets if wanted and raw.task == "classes" else None


def _size(validation: Validation, n: int, key: str) -> int:
    wanted = validation.size
    assert wanted != "none", "the rules of the spec require `size` or `fold`"
    size = wanted if isinstance(wanted, int) else round(wanted * n)
    if not 0 < size < n:
        role = key.rpartition(".")[2]
        raise DataError(
            f"{key}.size: {wanted} of {n} training examples leaves "
            f"{f'none for {role}' if size <= 0 else 'none to train on'}. Choose another size."
        )
    return size


def _kept(take: str, raw: RawData, size: int, strata: Array | None, seed: int) -> Rows:
    n = len(raw.train)
    if raw.dates is not None:
        return _newest(raw.dates, size)
    if raw.groups is not None:
        return _groups(raw.groups, size, seed)
    if take == "first":
        return np.arange(size)
    if take == "last":
        return np.arange(n - size, n)
    return _draw(n, size, strata, seed, PURPOSE)


def _newest(dates: Array, size: int) -> Rows:
    """The rows with the newest dates. Rows with the same date stay together, so there can be more than `size`."""
    oldest = np.sort(dates)[len(dates) - size]
    return np.flatnonzero(dates >= oldest)


def _groups(groups: Array, size: int, seed: int) -> Rows:
    """The rows of groups in random order, until there are at least `size`."""
    _, members, counts = np.unique(groups, return_inverse=True, return_counts=True)
    order = generator(seed, PURPOSE).permutation(len(counts))
    n_taken = int(np.searchsorted(np.cumsum(counts[order]), size)) + 1
    return np.flatnonzero(np.isin(members, order[:n_taken]))


def _draw(n: int, size: int, strata: Array | None, seed: int, purpose: str) -> Rows:
    """`size` of n rows, at random, in ascending order; with strata, each class keeps its fraction."""
    if strata is not None:
        return _stratified(strata, size, seed, purpose)
    return np.sort(generator(seed, purpose).permutation(n)[:size])


def _stratified(labels: Array, size: int, seed: int, purpose: str) -> Rows:
    """Rows in which every class keeps its fraction, to within one example: the largest remainders are rounded up."""
    classes, counts = np.unique(labels, return_counts=True)
    exact = counts * (size / len(labels))
    shares = np.floor(exact).astype(int)
    for index in np.argsort(shares - exact, kind="stable")[: size - shares.sum()]:
        shares[index] += 1
    draw = generator(seed, purpose)
    chosen = [
        draw.permutation(np.flatnonzero(labels == label))[:share] for label, share in zip(classes, shares, strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def _fold(fold: Fold, raw: RawData, strata: Array | None, seed: int) -> Rows:
    """The rows of one of k folds. Every row is in exactly one fold; sizes differ by at most one row per class."""
    n = len(raw.train)
    if raw.dates is not None:
        raise DataError("data.validation.fold: the source has a `date`, and folds would mix old and new. Use `size`.")
    if raw.groups is not None:
        _, members = np.unique(raw.groups, return_inverse=True)
        n_groups = int(members.max()) + 1
        _check_folds(fold, n_groups, "groups")
        return np.flatnonzero(np.isin(members, _nth(generator(seed, "folds").permutation(n_groups), fold)))
    _check_folds(fold, n, "examples")
    order = generator(seed, "folds").permutation(n)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    return np.sort(_nth(order, fold))


def _check_folds(fold: Fold, n: int, what: str) -> None:
    if fold.k > n:
        raise DataError(f"data.validation.fold.k: {fold.k} folds need at least {fold.k} {what}. There are {n}.")


def _nth(order: Rows, fold: Fold) -> Rows:
    return order[fold.number :: fold.k]
