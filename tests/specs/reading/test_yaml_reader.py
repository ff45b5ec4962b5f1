from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs.reading.yaml_reader import MAX_BYTES, read_document, read_text


def read(text: str) -> Any:
    node, faults = read_text(text, "a.yaml")
    assert not faults
    return node.plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.1", -0.1),
        ("+7", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        (".inf", math.inf),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("2026-11-23", "2026-11-23"),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("1.2.3", "1.2.3"),
        ("e5", "e5"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    found = read(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


def test_values_have_their_line_and_column() -> None:
    node, _ = read_text("a: 1\nb:\n  - {c: 2}\n", "a.yaml")
    place = node.nearest(("b", 0, "c")).place
    assert (place.line, place.column, place.text) == (3, 9, "  - {c: 2}")


def test_a_duplicate_key_is_refused_with_both_lines() -> None:
    _, faults = read_text("a: 1\nb: 2\na: 3\n", "a.yaml")
    assert len(faults) == 1
    assert "line 1" in faults[0].rule
    assert "line 3" in faults[0].rule
    assert faults[0].place is not None
    assert faults[0].place.line == 3


def test_an_empty_value_is_refused() -> None:
    _, faults = read_text("a:\n  b: ~\n", "a.yaml")
    assert [(fault.path, fault.rule) for fault in faults] == [("a.b", "the key has no value")]


def test_tags_are_refused() -> None:
    _, faults = read_text("a: !!python/object/apply:os.system [ls]\nb: !x 1\n", "a.yaml")
    assert [fault.path for fault in faults] == ["a", "b"]


def test_aliases_are_expanded() -> None:
    assert read("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)),
        "a: &a [*a]\n",
        "[" * 60 + "]" * 60,
        "a: " + "[" * 100_000,
    ],
    ids=["billion laughs", "an alias of itself", "deep", "very deep"],
)
def test_texts_that_become_large_are_refused(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_text(text, "a.yaml")
    assert len(str(caught.value).splitlines()) <= 3


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * MAX_BYTES)
    with pytest.raises(SpecError, match="larger than 1 MiB"):
        read_document(path)


@pytest.mark.parametrize(
    "text", ["a: [1", "a: b: c", "\tb: 1", "a: 1\n---\nb: 2", "a: 'x", "%x", "a: *nowhere", "\x00"]
)
def test_invalid_yaml_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_text(text, "a.yaml")
    assert str(caught.value).startswith("a.yaml")
    assert "not YAML" in str(caught.value)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(path)[0].plain() == {"a": 1}
