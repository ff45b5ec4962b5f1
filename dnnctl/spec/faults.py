"""Turns pydantic's findings into faults that say the place, the rule, what was received and what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from dnnctl.errors import Fault, Place
from dnnctl.spec.document import Node, Path, dotted
from dnnctl.spec.field import FORMS, Section
from dnnctl.spec.outline import alternatives, keys_of, kinds_of, words_of
from dnnctl.spec.yaml_reader import describe

MAX_ALLOWED = 24

_TYPES = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a word or a mapping with `kind`",
    "finite_number": "must be a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "must be greater than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "too_short": ("min_length", "must have at least {} entries"),
    "too_long": ("max_length", "must have at most {} entries"),
}


def translate(findings: Iterable[Mapping[str, Any]], document: Node, root: type[Section]) -> list[Fault]:
    """The faults behind pydantic's findings, in the order of the text."""
    faults: dict[tuple[str, str], Fault] = {}
    for finding in findings:
        fault = _translate_one(finding, document, root)
        faults.setdefault((fault.path, fault.rule), fault)
    return list(faults.values())


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """The faults in the order of the text, those of the command line last."""
    return sorted(faults, key=lambda fault: _position(fault.place))


def _position(place: Place | None) -> tuple[bool, int, int]:
    return (False, 0, 0) if place is None else (place.line == 0, place.line, place.column)


def suggest(word: str, allowed: Iterable[str]) -> str:
    """A did-you-mean, or the allowed words where none is near."""
    words = [str(entry) for entry in allowed]
    near = get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    listed = ", ".join(words[:MAX_ALLOWED]) + (", …" if len(words) > MAX_ALLOWED else "")
    return (f"Did you mean `{near[0]}`? " if near else "") + f"Allowed: {listed}."


def _translate_one(finding: Mapping[str, Any], document: Node, root: type[Section]) -> Fault:
    kind, context = finding["type"], finding.get("ctx", {})
    path = document_path(finding["loc"], document)
    node = document.nearest(path)
    place = node.place
    received = describe(node)
    if kind == "extra_forbidden":
        key = str(path[-1])
        hint = suggest(key, keys_of(alternatives(root, finding["loc"][:-1])))
        return Fault(f"unknown key '{key}'", dotted(path), node.key_place or place, hint=hint)
    if kind == "missing":
        return Fault(f"the key '{path[-1]}' is missing", dotted(path), node.key_place or place)
    if kind == "union_tag_not_found":
        hint = suggest("", kinds_of(alternatives(root, finding["loc"])))
        return Fault("the key 'kind' is missing", dotted(path), place, received, hint)
    if kind == "union_tag_invalid":
        return _wrong_alternative(finding, path, node, alternatives(root, finding["loc"]))
    if kind == "literal_error":
        return _not_among(_quoted(context["expected"]), path, node)
    if kind in _BOUNDS:
        key, rule = _BOUNDS[kind]
        return Fault(rule.format(f"{context[key]:g}"), dotted(path), place, received)
    if kind == "string_pattern_mismatch":
        rule = "must be 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
        return Fault(rule, dotted(path), place, received)
    if kind == "value_error":
        return Fault(str(context["error"]), dotted(path), place, received)
    return Fault(_TYPES.get(kind, finding["msg"]), dotted(path), place, received, _number_hint(kind, node))


def document_path(location: tuple[str | int, ...], document: Node) -> Path:
    """The path in the document that pydantic's location means: without the names of alternatives."""
    path: list[str | int] = []
    node: Node | None = document
    for position, part in enumerate(location):
        found = node.child(part) if node is not None else None
        is_last = position == len(location) - 1
        if found is None and not (is_last and _is_key(part, node)):
            continue
        path.append(part)
        node = found
    return tuple(path)


def _is_key(part: str | int, node: Node | None) -> bool:
    """Whether the last part of a location names a key that is not there, and not an alternative."""
    if node is None or not isinstance(node.value, dict) or part in FORMS:
        return False
    kind = node.value.get("kind")
    return not (kind is not None and kind.value == part) and not str(part).startswith(("constrained-", "function-"))


def _wrong_alternative(finding: Mapping[str, Any], path: Path, node: Node, options: list[Any]) -> Fault:
    allowed = _quoted(finding["ctx"]["expected_tags"])
    if allowed and all(entry in FORMS for entry in allowed):
        words = " or ".join(f"`{word}`" for word in words_of(options))
        forms = [words if form == "a word" and words else form for form in allowed]
        return Fault("must be " + " or ".join(forms), dotted(path), node.place, describe(node))
    kind = node.child("kind")
    return _not_among(allowed, path, kind or node)


def _not_among(allowed: list[str], path: Path, node: Node) -> Fault:
    received = describe(node)
    if not isinstance(node.value, str):
        return Fault("is none of the alternatives", dotted(path), node.place, received, suggest("", allowed))
    return Fault("is none of the alternatives", dotted(path), node.place, received, suggest(node.value, allowed))


def _number_hint(kind: str, node: Node) -> str:
    value = node.value
    if kind == "int_type" and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"Write {int(value)}."
    if isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+([eE][-+]?\d+)?", value):
        return f"Write {value} without quotes."
    return ""


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)
