"""Changes one number in the file of a spec and leaves comments and layout as they are."""

from __future__ import annotations

import re
from pathlib import Path

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.load import load, to_plain
from dnnctl.specs.reading.spec_file import check_can_be_read_again, read_file
from dnnctl.specs.reading.yaml_reader import read_document, read_text

SCALAR = re.compile(r"[^\s,\]}#]+")
CLOSERS = {"{": "}", "[": "]"}


def set_in_text(text: str, section: str, key: str, number: float, *, kind: str) -> str:
    """The text of a spec with `section.key` set to a number: in place, in the section's mapping, or on a new line.

    Args:
        kind: the kind of the section if the text has no such section.
    """
    written = f"{number:.3g}"
    document, _ = read_text(text, "spec")
    parent = document.child(section)
    if parent is None:
        return f"{text.rstrip()}\n\n{section}: {{kind: {kind}, {key}: {written}}}\n"
    child = parent.child(key)
    if child is not None:
        return _replace(text, child.place, written)
    start = _offset(text, parent.place)
    if isinstance(parent.value, str):
        return _replace(text, parent.place, f"{{kind: {parent.value}, {key}: {written}}}")
    if text[start] == "{":
        end = _closer(text, start)
        return f"{text[:end].rstrip()}, {key}: {written}{text[end:]}"
    return _insert_line(text, parent, f"{key}: {written}")


def set_in_file(path: Path, section: str, key: str, number: float) -> None:
    """Set `section.key` in the file of a spec. The file is only written if nothing else in the spec changes.

    Raises:
        SpecError: the number cannot be set without changing anything else.
    """
    check_can_be_read_again(path)
    before = load(path)
    kind = str(getattr(before.spec, section).kind)
    text = read_file(path)
    document, _ = read_document(text, str(path))
    aside = path.with_name(f".{path.stem}.changed{path.suffix}")
    try:
        aside.unlink(missing_ok=True)  # it may be a link to another file
        aside.write_text(set_in_text(text, section, key, number, kind=kind), encoding="utf-8")
        after = to_plain(load(aside, [f'name="{before.spec.name}"']).spec)
        expected = to_plain(before.spec)
        wanted = after[section] if isinstance(after[section], dict) else {}
        if {**after, section: None} != {**expected, section: None} or wanted.get(key) != float(f"{number:.3g}"):
            raise SpecError([_cannot(section, key, number, document)])
        aside.replace(path)
    except (SpecError, OSError, IndexError, ValueError) as error:
        raise SpecError([_cannot(section, key, number, document)]) from error
    finally:
        aside.unlink(missing_ok=True)


def _cannot(section: str, key: str, number: float, document: Node) -> Fault:
    rule = "cannot be written without changing other parts of the file"
    return Fault(rule, f"{section}.{key}", document.place, hint=f"Edit it by hand: {section}.{key} = {number:.3g}")


def _offset(text: str, place: Place) -> int:
    """The offset of a place in the text."""
    return sum(len(line) for line in text.splitlines(keepends=True)[: place.line - 1]) + place.column - 1


def _replace(text: str, place: Place, written: str) -> str:
    start = _offset(text, place)
    match = SCALAR.match(text, start)
    assert match is not None
    return text[:start] + written + text[match.end() :]


def _closer(text: str, start: int) -> int:
    """The offset of the bracket that closes the one at `start`, ignoring those in comments and quoted text."""
    depth, position = 0, start
    while True:
        char = text[position]
        if char in "\"'":
            position = text.index(char, position + 1)
        elif char == "#" and text[position - 1].isspace():
            position = text.index("\n", position)
        elif char in CLOSERS:
            depth += 1
        elif char in CLOSERS.values():
            depth -= 1
            if depth == 0:
                return position
        position += 1


def _insert_line(text: str, parent: Node, line: str) -> str:
    """The text with a new line in a mapping in block style, indented like its other lines."""
    assert isinstance(parent.value, dict)
    first = next(iter(parent.value.values()))
    place = first.key_place or first.place
    lines = text.splitlines(keepends=True)
    indent = " " * (place.column - 1)
    return "".join([*lines[: place.line], f"{indent}{line}\n", *lines[place.line :]])
