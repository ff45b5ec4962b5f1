"""Data sorted by class never silently gives a split with one class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnctl.data.coverage import absent_classes, check_several, check_split
from dnnctl.data.load import load_data
from dnnctl.errors import DataError
from dnnctl.specs.data import Data

SORTED = ["a"] * 40 + ["b"] * 20
RARE = [*["a", "b"] * 20, "c"]


def load(folder: Path, labels: list[str], **sections: Any) -> Any:
    np.savez(folder / "data.npz", x_train=np.zeros((len(labels), 2), np.float32), y_train=np.array(labels))
    source = {"kind": "npz", "path": str(folder / "data.npz")}
    return load_data(Data.model_validate({"source": source, **sections}), seed=1)


@pytest.mark.parametrize(
    ("labels", "sections", "message"),
    [
        (
            SORTED,
            {"validation": {"size": 10, "take": "first"}},
            r"validation split has only one class: 10 a\. The data has 40 a, 20 b",
        ),
        (SORTED, {"validation": {"size": 10, "take": "last"}}, r"validation split has only one class: 10 b"),
        (SORTED, {"validation": {"size": 50, "take": "first"}}, r"training split has only one class: 10 b"),
        (
            SORTED,
            {"validation": {"size": 1, "take": "first"}, "limit": 30},
            r"training split has only one class: 30 a\. .*larger `data.limit`",
        ),
        (
            ["a", "b"] * 40 + ["a"] * 100 + ["a", *["b"] * 79],
            {"validation": {"size": 80, "take": "last"}},
            r"other fractions .*Training: 140 a, 40 b\. Validation: 1 a, 79 b\. .*allow: true",
        ),
        (RARE, {"validation": {"size": 7, "take": "last"}}, r"no training example has .*: 1 c\. .*stratify: true"),
    ],
)
def test_a_part_that_lacks_classes_is_refused(
    labels: list[str], sections: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, labels, **sections)


@pytest.mark.parametrize(
    ("labels", "sections"),
    [
        (SORTED, {"validation": {"size": 10, "take": "random", "stratify": True}}),
        (SORTED, {"validation": {"size": 1}}),
        (SORTED, {"validation": {"size": 1, "take": "first"}, "limit": 1}),
        (SORTED, {"validation": {"size": 1, "take": "first"}, "limit": 41}),
        (SORTED, {"validation": {"size": 10, "take": "first", "allow": True}}),
        (SORTED, {"validation": {"size": 50}, "limit": 6}),
        (["a", "b"] * 3, {"validation": {"size": 2}, "limit": 2}),
        (RARE, {"validation": {"size": 4}}),
        (RARE, {"validation": {"size": 4}, "limit": 4}),
    ],
)
def test_a_small_mixed_part_is_no_false_alarm(labels: list[str], sections: dict[str, Any], tmp_path: Path) -> None:
    """Validation may lack a class that training has, and a limit may leave a class out."""
    assert len(load(tmp_path, labels, **sections).train) > 0


def test_the_fix_that_the_message_suggests_works(tmp_path: Path) -> None:
    dataset = load(tmp_path, SORTED, validation={"size": 12, "take": "random", "stratify": True})
    assert np.bincount(dataset.validation.targets).tolist() == [8, 4]


def test_random_splits_are_no_false_alarm() -> None:
    """A thousand random splits of mixed data, of all sizes and numbers of classes, are accepted."""
    draw = np.random.default_rng(5)
    for _ in range(1000):
        n_classes = int(draw.integers(2, 30))
        labels = np.concatenate([np.arange(n_classes), draw.integers(0, n_classes, int(draw.integers(100, 2000)))])
        rows = draw.permutation(len(labels))
        n = int(draw.integers(10, len(labels) // 2))
        missing = set(labels[rows[:n]]) - set(labels[rows[n:]])
        if not missing:
            check_split(labels[rows[n:]], labels[rows[:n]], tuple(str(number) for number in range(n_classes)))


def test_a_class_that_a_measured_split_lacks_is_named() -> None:
    """Training has classes 0 to 3; the second split has all of them."""
    train, names = np.array([0, 1, 2, 3]), ("a", "b", "c", "d")
    found = list(absent_classes(train, {"validation": np.array([0, 2, 2]), "test": train}, names))
    assert [warning[:52] for warning in found] == ["the validation split has no example of b, d: its met"]


@pytest.mark.parametrize(("n_first", "is_accepted"), [(508, True), (510, False)])
def test_fractions_may_differ_as_far_as_the_formula_says(n_first: int, is_accepted: bool) -> None:
    """0.1 + √(2/700)/2 + √(7/700) = 0.2267; 508 and 510 of 700 differ from a half by 0.2257 and 0.2286."""
    train, validation = np.arange(2000) % 2, (np.arange(700) >= n_first).astype(int)
    if is_accepted:
        check_split(train, validation, ("a", "b"))
        return
    with pytest.raises(DataError, match="other fractions"):
        check_split(train, validation, ("a", "b"))


def test_one_example_may_be_of_one_class_but_not_two() -> None:
    check_several(np.array([1]), np.array([0, 1]), ("a", "b"), "training", "Shuffle.")
    with pytest.raises(DataError, match=r"only one class: 2 b\. The data has 1 a, 2 b\. .* Shuffle\."):
        check_several(np.array([1, 1]), np.array([0, 1, 1]), ("a", "b"), "training", "Shuffle.")
