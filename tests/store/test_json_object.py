"""JSON objects as dataclasses: what is sound comes back, and what is damaged is named."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dnnctl.store.json_object import parse_object, plain, read_object


@dataclass(frozen=True)
class Inner:
    name: str
    n: int = 0


@dataclass(frozen=True)
class Outer:
    text: str = ""
    count: int | None = None
    rate: float = 1.0
    flag: bool = False
    words: tuple[str, ...] = ()
    numbers: dict[str, float | None] = field(default_factory=dict)
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    anything: Any = None


WHOLE = Outer("a", 3, 0.5, True, ("b", "c"), {"x": 1.5, "y": None}, Inner("d", 4), (Inner("e"), Inner("f", 5)), [1, {}])


def test_what_was_written_is_read_back() -> None:
    """parse(plain(x)) == x."""
    assert parse_object(json.loads(json.dumps(plain(WHOLE))), Outer, what="o.json") == (WHOLE, [])
    assert parse_object({}, Outer, what="o.json") == (Outer(), [])


def test_an_object_may_be_a_list_of_its_fields() -> None:
    found, damages = parse_object({"inners": [["e", 1]]}, Outer, what="o.json")
    assert (found, damages) == (Outer(inners=(Inner("e", 1),)), [])


@pytest.mark.parametrize(
    ("value", "damage"),
    [
        ({"text": 5}, "o.json: text must be text. Received: 5"),
        ({"count": 1.0}, "o.json: count must be a whole number. Received: 1.0"),
        ({"count": True}, "o.json: count must be a whole number. Received: true"),
        ({"rate": "fast"}, 'o.json: rate must be a number. Received: "fast"'),
        ({"flag": 1}, "o.json: flag must be true or false. Received: 1"),
        ({"words": "b"}, 'o.json: words must be a list. Received: "b"'),
        ({"numbers": [1]}, "o.json: numbers must be an object. Received: [1]"),
        ({"numbers": {"x": "1"}}, 'o.json: numbers must be a number. Received: "1"'),
        ({"rate": 10**30}, f"o.json: rate must be a number. Received: {10**30}"),
        ({"count": -(2**63) - 1}, "o.json: count must be a whole number. Received: -9223372036854775809"),
        ({"inner": {"n": 1}}, "o.json: inner has no valid name"),
        ({"inner": {"name": "d", "n": []}}, "o.json: inner.n must be a whole number. Received: []"),
    ],
)
def test_a_damaged_field_is_named_and_the_others_are_kept(value: dict[str, Any], damage: str) -> None:
    found, damages = parse_object({"anything": 7, **value}, Outer, what="o.json")
    assert damages == [damage]
    assert found is not None
    assert found.anything == 7


@pytest.mark.parametrize("content", ["", "nonsense", "[]", "5", "[" * 100_000, "\ud800"])
def test_what_is_no_object_is_none(content: str, tmp_path: Path) -> None:
    path = tmp_path / "o.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    found, damages = read_object(path, Outer)
    assert found is None
    assert len(damages) == 1
    assert damages[0].startswith("o.json ")


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert read_object(tmp_path / "o.json", Outer) == (None, ["o.json cannot be read: No such file or directory"])
