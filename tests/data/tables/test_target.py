"""Classes, numbers and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dnnctl.data.tables.column import Column
from dnnctl.data.tables.target import find_target
from dnnctl.errors import DataError

NAN = float("nan")


def text(*values: str) -> Column:
    texts, codes = np.unique(np.array(values, object), return_inverse=True)
    return Column("t", "category", codes.astype(np.int32), tuple(texts))


def number(*values: float, name: str = "t", kind: str = "number") -> Column:
    return Column(name, kind, np.array(values, float))


FOUND: dict[str, tuple[list[Column], str, str, tuple[str, ...], list[Any]]] = {
    "text": ([text("b", "a", "b")], "auto", "classes", ("a", "b"), [1, 0, 1]),
    "booleans": ([number(1, 0, kind="boolean")], "auto", "classes", ("false", "true"), [1, 0]),
    "few whole numbers": ([number(10, 9, 10, 9)], "auto", "classes", ("9", "10"), [1, 0, 1, 0]),
    "negative zero": ([number(-0.0, 0, 1, 1)], "auto", "classes", ("0", "1"), [0, 0, 1, 1]),
    "whole numbers, each once": ([number(1, 2, 3)], "auto", "numbers", (), [[1], [2], [3]]),
    "many whole numbers": ([number(*range(21), *range(21))], "auto", "numbers", (), [[n] for n in [*range(21)] * 2]),
    "decimal numbers": ([number(0.5, 1, 0.5, 1)], "auto", "numbers", (), [[0.5], [1], [0.5], [1]]),
    "few as numbers": ([number(0, 1, 0, 1)], "numbers", "numbers", (), [[0], [1], [0], [1]]),
    "each once as classes": ([number(3, -1)], "classes", "classes", ("-1", "3"), [1, 0]),
    "labels": ([number(0, 1), number(1, 0, name="u")], "auto", "labels", ("t", "u"), [[0, 1], [1, 0]]),
    "labels as numbers": ([number(0, 1), number(1, 0)], "numbers", "numbers", ("t", "t"), [[0, 1], [1, 0]]),
    "several numbers": ([number(0, 1), number(2, 0)], "auto", "numbers", ("t", "t"), [[0, 2], [1, 0]]),
}


@pytest.mark.parametrize(("columns", "task", "found", "names", "values"), FOUND.values(), ids=FOUND)
def test_the_task_follows_from_the_values_or_the_spec(
    columns: list[Column], task: str, found: str, names: tuple[str, ...], values: list[Any]
) -> None:
    target = find_target(columns, task, "a.csv")
    targets = target.values(columns, "a.csv")
    assert (target.task, target.class_names, targets.tolist()) == (found, names, values)
    assert targets.dtype == (np.int32 if found == "classes" else np.float32)


REFUSED: dict[str, tuple[list[Column], str, str]] = {
    "missing": ([number(1, NAN, 2, NAN)], "auto", r"has no value in 2 rows \(2, 4\)"),
    "missing text": ([text("a", "", "b")], "auto", r"has no value in 1 row \(2\)"),
    "infinite": ([number(1, 2, np.inf)], "auto", r"has infinite values in 1 row \(3\)"),
    "one class": ([text("a", "a")], "auto", "'t' is 'a' in every row"),
    "one number": ([number(2.5, 2.5)], "auto", "'t' is '2.5' in every row"),
    "one label": ([number(0, 1), number(0, 0, name="u")], "auto", "'u' is '0.0' in every row"),
    "text as numbers": ([text("a", "b")], "numbers", "is text, such as 'a', not numbers"),
    "text among several": ([number(0, 1), text("a", "b")], "auto", "is text, such as 'a'"),
    "decimals as classes": ([number(0.5, 1)], "classes", "is not whole numbers. Write `numbers`"),
    "several as classes": ([number(0, 1), number(1, 0)], "classes", "labels or numbers, not classes"),
    "one as labels": ([number(0, 1)], "labels", "one target column is not a set of labels"),
    "numbers as labels": ([number(0, 2), number(1, 0)], "labels", "labels must be 0 or 1, but .* 't' have other"),
    "dates": ([number(1, 2, kind="date")], "auto", "'t' is a date, which cannot be predicted"),
    "too large": ([number(1e39, 1.5)], "auto", r"too large for float32 in 1 row \(1\)"),
    "names": ([text(*(f"name {n}" for n in range(300)))], "auto", "300 different texts in 300 rows"),
}


@pytest.mark.parametrize(("columns", "task", "message"), REFUSED.values(), ids=REFUSED)
def test_an_unsuitable_target_is_refused(columns: list[Column], task: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        find_target(columns, task, "a.csv")


def test_a_class_that_training_lacks_is_refused() -> None:
    target = find_target([text("a", "b")], "auto", "train.csv")
    assert target.values([text("b", "b")], "test.csv").tolist() == [1, 1]
    with pytest.raises(DataError, match=r"test.csv: .* classes that no training example has: 'c'"):
        target.values([text("a", "c")], "test.csv")


def test_a_number_between_two_classes_is_not_rounded_to_one() -> None:
    target = find_target([number(1, 2, 1, 2)], "auto", "train.csv")
    with pytest.raises(DataError, match=r"no training example has: '1\.5'"):
        target.values([number(1, 1.5)], "test.csv")
    sizes = find_target([text("37.5", "38", "other")], "auto", "train.csv")
    assert sizes.values([number(38, 37.5)], "test.csv").tolist() == [1, 0]
