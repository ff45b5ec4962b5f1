"""What PyYAML cannot read, as faults with their places."""

from __future__ import annotations

import re
from typing import Any

import yaml

from dnnctl.errors import Fault, Place, SpecError

FOREIGN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is not a character of YAML. Source: YAML 1.2.2, section 5.1."""


def refuse_characters(text: str, name: str, lines: list[str]) -> None:
    """Refuse what no YAML may contain, such as control characters and bytes that are not UTF-8.

    Raises:
        SpecError: the text contains such a character.
    """
    found = FOREIGN.search(text)
    if found is None:
        return
    before = f"{text[: found.start()]}?".splitlines()
    code = ord(found.group())
    is_byte = 0xDC80 <= code <= 0xDCFF  # Python's form of a byte that is not UTF-8
    rule = f"is not UTF-8 text (byte 0x{code - 0xDC00:02x})" if is_byte else f"not YAML: the character U+{code:04X}"
    place = Place(name, len(before), len(before[-1]), lines[len(before) - 1])
    raise SpecError([Fault(rule, place=place, hint="Remove it.")])


TABS = "Indent with spaces, not tabs."
HINTS = {
    "\\t": TABS,
    "tab character": TABS,
    "cannot start any token": TABS,
    "mapping values are not allowed": "Is a colon missing in the line before? Text that contains `: ` needs quotes.",
}
"""By words of PyYAML: how to fix what it found."""


def syntax_fault(error: yaml.YAMLError, last: yaml.ScalarEvent | None, name: str, lines: list[str]) -> Fault:
    """The fault for an error of PyYAML. If quotes are the cause, its place is where they open.

    Args:
        last: the last scalar before the error.
    """
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    context = getattr(error, "context", None)
    if context == "while scanning a quoted scalar":
        opening: Any = error.context_mark  # type: ignore[attr-defined]
        return Fault("not YAML: the quotes are not closed", place=place_of(opening, name, lines))
    if context == "while scanning a simple key":
        key: Any = error.context_mark  # type: ignore[attr-defined]
        rule = "not YAML: the line is not part of a text and has no colon"
        return Fault(rule, place=place_of(key, name, lines), hint="Write `key: value`.")
    if mark is not None and last is not None and _ends_late(last, mark.line):
        rule = f"not YAML: the quotes are closed only on line {mark.line + 1}, and more text follows there"
        hint = "Close them where the text ends."
        return Fault(rule, place=place_of(last.start_mark, name, lines), hint=hint)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable")
    rule = f"not YAML: {problem}" + (f" ({context})" if context else "")
    place = place_of(mark, name, lines) if mark else Place(name)
    return Fault(rule, place=place, hint=next((hint for words, hint in HINTS.items() if words in problem), ""))


def _ends_late(scalar: Any, line: int) -> bool:
    """Whether a scalar is in quotes over several lines, the last of which is `line`."""
    is_quoted = scalar.style in ("'", '"')
    return is_quoted and scalar.start_mark.line < scalar.end_mark.line == line


def place_of(mark: Any, name: str, lines: list[str]) -> Place:
    """The place of a mark of PyYAML, with the line of the text."""
    text = lines[mark.line] if mark.line < len(lines) else ""
    return Place(name, mark.line + 1, mark.column + 1, text)
