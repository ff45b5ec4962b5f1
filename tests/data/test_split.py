"""Splits are disjoint, complete, and do not leak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnnctl.data.dataset import Part, RawData
from dnnctl.data.split import split_rows
from dnnctl.errors import DataError
from dnnctl.specs.data import Validation

N = 120
LABELS = np.random.default_rng(0).integers(0, 3, N).astype(np.int32)


def raw(**columns: Any) -> RawData:
    return RawData(Part(np.zeros((N, 1), np.float32), LABELS), None, "classes", ("a", "b", "c"), **columns)


def split(data: RawData, *, is_built_in: bool = False, seed: int = 1, **keys: Any) -> tuple[np.ndarray, np.ndarray]:
    train, kept = split_rows(Validation.model_validate(keys), data, seed=seed, is_built_in=is_built_in)
    assert sorted([*train, *kept]) == list(range(N))
    assert np.array_equal(kept, np.sort(kept))
    return train, kept


def folds(data: RawData, k: int, **keys: Any) -> list[np.ndarray]:
    return [split(data, fold={"k": k, "number": number}, **keys)[1] for number in range(k)]


@pytest.mark.parametrize("k", [2, 5, 7])
def test_every_example_is_in_exactly_one_fold(k: int) -> None:
    """The folds partition the rows; each class is spread over them to within one example."""
    parts = folds(raw(), k)
    assert sorted(np.concatenate(parts)) == list(range(N))
    counts = np.array([np.bincount(LABELS[rows], minlength=3) for rows in parts])
    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all()


def test_folds_of_a_built_in_data_set_are_not_stratified_unless_asked() -> None:
    plain, stratified = (folds(raw(), 5, is_built_in=True, stratify=value) for value in ("auto", True))
    assert [len(rows) for rows in plain] == [len(rows) for rows in stratified] == [24] * 5
    assert not all(np.array_equal(a, b) for a, b in zip(plain, stratified, strict=True))


def test_a_group_is_never_divided() -> None:
    groups = np.random.default_rng(2).integers(0, 25, N)
    data = raw(groups=groups)
    train, kept = split(data, size=30)
    assert not np.intersect1d(groups[train], groups[kept]).size
    assert 30 <= len(kept) <= 30 + np.bincount(groups).max()
    for rows in folds(data, 4):
        assert not np.intersect1d(groups[rows], np.delete(groups, rows)).size


def test_validation_is_newer_than_training() -> None:
    dates = np.random.default_rng(2).integers(0, 40, N)
    train, kept = split(raw(dates=dates), size=30)
    assert dates[train].max() < dates[kept].min()
    assert len(kept) >= 30
    with pytest.raises(DataError, match="folds would mix old and new"):
        split(raw(dates=dates), fold={"k": 3})


@pytest.mark.parametrize(
    ("keys", "columns", "message"),
    [
        ({"size": N}, {}, "none to train on"),
        ({"size": 0.001}, {}, "none for validation"),
        ({"fold": {"k": N + 1}}, {}, "need at least 121 examples"),
        ({"fold": {"k": 4, "number": 3}}, {"groups": np.arange(N) % 3}, "need at least 4 groups. There are 3"),
        ({"size": 10}, {"groups": np.arange(N) % 3, "dates": np.arange(N)}, "would divide groups. Remove `date` or"),
        ({"size": 10}, {"groups": np.zeros(N)}, "no example is left for training"),
        ({"size": 10}, {"dates": np.zeros(N)}, "no example is left for training"),
    ],
)
def test_a_split_that_leaves_nothing_is_refused(keys: dict[str, Any], columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(raw(**columns), **keys)


def test_the_largest_remainders_are_rounded_up() -> None:
    """A quarter of 15, 42 and 63 examples is 3.75, 10.5 and 15.75. Asking for classes means drawing at random."""
    labels = np.repeat([0, 1, 2], [15, 42, 63]).astype(np.int32)
    data = RawData(Part(np.zeros((N, 1), np.float32), labels), None, "classes", ("a", "b", "c"))
    for is_built_in in (False, True):
        _, kept = split(data, size=30, stratify=True, is_built_in=is_built_in)
        assert np.bincount(labels[kept]).tolist() == [4, 10, 16]


def test_a_seed_always_gives_the_same_split() -> None:
    """A run of an older version can be resumed only if the numbers stay the same."""
    _, kept = split(raw(), size=5, stratify=False)
    assert kept.tolist() == [17, 26, 32, 78, 110]
