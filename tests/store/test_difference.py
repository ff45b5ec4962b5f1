"""What differs between two specs."""

from __future__ import annotations

from typing import Any

import pytest

from dnnctl.store.difference import Change, changes


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a: 1 → 2"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c: 2 → 3"]),
        ({"a": {"kind": "sgd", "rate": 1}}, {"a": "adam"}, ["a.kind: sgd → adam", "a.rate: 1 → —"]),
        ({"a": "sgd"}, {"a": {"kind": "sgd", "rate": 1}}, ["a.rate: — → 1"]),
        ({"a": {"size": 5, "take": "first"}}, {"a": "none"}, ["a: {size: 5, take: first} → none"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}, 4]}, ["a.1.b: 2 → 3", "a.2: — → 4"]),
        ({"a": True}, {"a": 1}, ["a: true → 1"]),
        ({}, {"a": [1, 2]}, ["a: — → [1, 2]"]),
    ],
)
def test_each_key_that_differs_is_named_once(before: Any, after: Any, expected: list[str]) -> None:
    assert [str(change) for change in changes(before, after)] == expected


def test_the_same_is_no_change_whichever_way() -> None:
    assert changes({"a": "x"}, {"a": {"kind": "x"}}) == []
    assert changes({"a": 1}, {"a": 2}) == [Change("a", 1, 2)]
