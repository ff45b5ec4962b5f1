from __future__ import annotations

import math
from typing import Any

import pytest

from dnnctl.errors import SpecError
from dnnctl.specs.reading.yaml_reader import read_text


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


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!!str", "!!int", "!!seq", "!!map", "!", "!x", "!<y>"]
)
@pytest.mark.parametrize("value", ["1", "[1]", "{b: 1}", "''"])
def test_every_tag_is_refused_at_its_place(tag: str, value: str) -> None:
    """Also those of YAML itself: `!!str 1` would be a number for one reader and text for another."""
    _, faults = read_text(f"x: 1\na: {tag} {value}\n", "a.yaml")
    assert [(fault.path, fault.rule) for fault in faults] == [("a", "tags are not allowed")]
    _, faults = read_text(f"{tag} a: {value}\n", "a.yaml")
    assert [fault.rule for fault in faults] == ["tags are not allowed"]


@pytest.mark.parametrize("text", ["a: 2026-11-23", "a: =", "<<: 1", "a: ''", "a: ~x", "a: yes"])
def test_what_yaml_1_1_tags_by_itself_has_no_tag(text: str) -> None:
    assert read_text(text, "a.yaml")[1] == []


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


@pytest.mark.parametrize(
    "text",
    ["a: [1", "a: b: c", "\tb: 1", "a: 1\n---\nb: 2", "a: 'x", "%x", "a: *nowhere", "\x00", "a: \x1b[1m", "a: '\x7f'"],
)
def test_invalid_yaml_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_text(text, "a.yaml")
    assert str(caught.value).startswith("a.yaml")
    assert "not YAML" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: 'x\nc: 2\n", 2, 4),
        ('a: 1\nb: "x\nc: 2\n', 2, 4),
        ('a: 1\nb: "x\nc: "y"\nd: 3\n', 2, 4),
        ("a: 1\nb: {d: 'x, e: 1}\nc: 'y'\n", 2, 8),
        ("a: 'x\ny'\nb: [1, 'z\nc: 3\n", 3, 8),
    ],
)
def test_quotes_that_are_not_closed_are_reported_where_they_open(text: str, line: int, column: int) -> None:
    with pytest.raises(SpecError, match="quotes are") as caught:
        read_text(text, "a.yaml")
    assert str(caught.value).startswith(f"a.yaml:{line}:{column}: ")


def test_the_place_of_another_error_is_its_own() -> None:
    with pytest.raises(SpecError) as caught:
        read_text("a: 'x\n  y'\nb: ]\n", "a.yaml")
    assert str(caught.value).startswith("a.yaml:3:4: ")


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x0b", "\x7f", "\ud800", "\uffff"])
@pytest.mark.parametrize(
    ("before", "line", "column"), [("", 1, 1), ("a: ", 1, 4), ("a: 1\r\n", 2, 1), ("a: 1\u2028bc", 2, 3)]
)
def test_a_character_that_yaml_forbids_is_refused_at_its_place(
    character: str, before: str, line: int, column: int
) -> None:
    with pytest.raises(SpecError) as caught:
        read_text(f"{before}{character}\nz: 1\n", "a.yaml")
    assert str(caught.value).startswith(f"a.yaml:{line}:{column}: ")
    str(caught.value).encode()


def test_a_byte_that_is_not_utf_8_is_refused() -> None:
    """Python gives such a byte of the command line as a surrogate."""
    with pytest.raises(SpecError, match=r"^--set:1:2: is not UTF-8 text \(byte 0xff\)"):
        read_text("a\udcff", "--set")


@pytest.mark.parametrize("sign", ["", "-", "+", "0x", "0o"])
def test_an_integer_of_thousands_of_digits_is_refused_at_its_place(sign: str) -> None:
    """Python cannot print it: every message about it would fail."""
    with pytest.raises(SpecError, match=r"^a\.yaml:2:4: b: the number has 5,\d+ digits, but at most 40 are allowed"):
        read_text(f"a: 1\nb: {sign}{'7' * 5000}\n", "a.yaml")
    assert read(f"b: '{'7' * 5000}'") == {"b": "7" * 5000}
    assert read("b: " + "7" * 40) == {"b": int("7" * 40)}


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("name: x\nepochs 10\nloss: auto\n", 2, "Write `key: value`."),
        ("name x\nloss: auto\n", 2, "Is a colon missing in the line before?"),
        ("name: a: b\n", 1, "Text that contains `: ` needs quotes."),
        ("name: x\n\tloss: auto\n", 2, "Indent with spaces, not tabs."),
    ],
)
def test_what_is_missing_is_named_and_not_the_state_of_the_parser(text: str, line: int, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_text(text, "a.yaml")
    (fault,) = caught.value.faults
    assert fault.place is not None
    assert (fault.place.line, hint in fault.hint) == (line, True)
