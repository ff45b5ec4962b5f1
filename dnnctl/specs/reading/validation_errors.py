"""Turns errors of pydantic into faults with the place, the rule, what was received and a hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_origin

from dnnctl.errors import Fault, Place
from dnnctl.specs.field import FORMS, Section
from dnnctl.specs.path import Path, dotted
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.form_hints import MAPPINGS, data_hint, form_hint
from dnnctl.specs.reading.hints import key_hint, word_hint
from dnnctl.specs.reading.introspection import alternatives, keys_of, kinds_of, words_of
from dnnctl.specs.reading.unknown_kind import with_findings_inside
from dnnctl.specs.reading.yaml_reader import describe
from dnnctl.text import suggest

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
NUMBER = re.compile(r"[-+]?[\d.]+([eE][-+]?\d+)?")
_BOUNDS = {
    "greater_than": ("gt", "must be greater than {}"),
    "greater_than_equal": ("ge", "must be at least {}"),
    "less_than": ("lt", "must be less than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "too_short": ("min_length", "must have at least {}"),
    "too_long": ("max_length", "must have at most {}"),
}


def translate(findings: Iterable[Mapping[str, Any]], document: Node, root: type[Section]) -> list[Fault]:
    """The faults for errors of pydantic, without duplicates."""
    faults: dict[tuple[str, str], Fault] = {}
    for finding in with_findings_inside(findings, root):
        fault = _translate_one(finding, document, root)
        faults.setdefault((fault.path, fault.rule), fault)
    return list(faults.values())


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """The faults in the order of the text, followed by those of the command line."""
    return sorted(faults, key=lambda fault: _position(fault.place))


def _position(place: Place | None) -> tuple[bool, int, int]:
    return (False, 0, 0) if place is None else (place.line == 0, place.line, place.column)


@dataclass(frozen=True)
class _Finding:
    """An error of pydantic, with what the document contains there."""

    kind: str
    message: str
    context: Mapping[str, Any]
    path: Path
    node: Node
    options: list[Any]
    """The types that the value may have."""
    siblings: list[str]
    """The known keys of the mapping that it is in."""
    choice: list[Any]
    """If it is in a mapping with `kind`: the alternatives for that mapping."""

    def fault(self, rule: str, *, hint: str = "", place: Place | None = None, received: bool = True) -> Fault:
        return Fault(rule, dotted(self.path), place or self.node.place, describe(self.node) if received else "", hint)


def _translate_one(raw: Mapping[str, Any], document: Node, root: type[Section]) -> Fault:
    location = raw["loc"]
    path = document_path(location, document)
    finding = _Finding(
        kind=raw["type"],
        message=raw["msg"],
        context=raw.get("ctx", {}),
        path=path,
        node=document.nearest(path),
        options=alternatives(root, location),
        siblings=keys_of(alternatives(root, location[:-1])),
        choice=alternatives(root, location[:-2]),
    )
    return TRANSLATIONS.get(finding.kind, _other)(finding)


def _unknown_key(finding: _Finding) -> Fault:
    key, node = str(finding.path[-1]), finding.node
    hint = (data_hint(key, node.value) if len(finding.path) == 1 else "") or key_hint(
        key, finding.siblings, finding.choice
    )
    return finding.fault(f"unknown key '{key}'", place=node.key_place, received=False, hint=hint)


def _missing_key(finding: _Finding) -> Fault:
    rule = f"the key '{finding.path[-1]}' is missing"
    word = finding.node.value
    hint = f"Write {{kind: {word}, {finding.path[-1]}: …}}." if isinstance(word, str) else ""
    return finding.fault(rule, place=finding.node.key_place, received=False, hint=hint)


def _no_kind(finding: _Finding) -> Fault:
    return finding.fault(
        "the key 'kind' is missing", hint=_form_hint(finding) or suggest("", kinds_of(finding.options))
    )


def _wrong_alternative(finding: _Finding) -> Fault:
    allowed = _quoted(finding.context["expected_tags"])
    if allowed and all(entry in FORMS for entry in allowed):
        words = " or ".join(f"`{word}`" for word in words_of(finding.options))
        forms = [words if form == "a word" and words else form for form in allowed]
        return finding.fault("must be " + " or ".join(forms), hint=_form_hint(finding))
    return _not_among(allowed, replace(finding, node=finding.node.child("kind") or finding.node))


def _form_hint(finding: _Finding) -> str:
    return form_hint(finding.path, finding.node.plain(), finding.options)


def _not_among(allowed: list[str], finding: _Finding) -> Fault:
    word = finding.node.value if isinstance(finding.node.value, str) else ""
    key = (finding.path or ("",))[-1]
    hint = _form_hint(finding) or word_hint(word, allowed)
    if key in MAPPINGS and hint == "Allowed: none.":
        hint += f" Or a mapping: `{key}: {MAPPINGS[str(key)].format('…')}`."
    if word and not hint.startswith("Write ") and any(get_origin(option) is list for option in finding.options):
        hint += f" Or a list: [{word}]."
    return finding.fault("is not one of the allowed values", hint=hint)


def _out_of_bounds(finding: _Finding) -> Fault:
    key, rule = _BOUNDS[finding.kind]
    bound = finding.context[key]
    noun = ("entry" if bound == 1 else "entries") if key in ("min_length", "max_length") else ""
    return finding.fault(rule.format(f"{bound:g} {noun}".rstrip()))


def _other(finding: _Finding) -> Fault:
    hint = _form_hint(finding) or _number_hint(finding.kind, finding.node)
    return finding.fault(_TYPES.get(finding.kind, finding.message), hint=hint)


TRANSLATIONS: dict[str, Callable[[_Finding], Fault]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing_key,
    "union_tag_not_found": _no_kind,
    "union_tag_invalid": _wrong_alternative,
    "literal_error": lambda finding: _not_among(_quoted(finding.context["expected"]), finding),
    "string_pattern_mismatch": lambda finding: finding.fault(
        "must be 1 to 64 letters, digits, dots, dashes and underscores, starting with a letter or digit"
    ),
    "value_error": lambda finding: finding.fault(str(finding.context["error"])),
    **dict.fromkeys(_BOUNDS, _out_of_bounds),
}
"""By the type of pydantic's error; all others are wrong types, see `_TYPES`."""


def document_path(location: tuple[str | int, ...], document: Node) -> Path:
    """The path in the document for a location of pydantic, which also contains the names of alternatives."""
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
    """Whether the last part of a location is a key that is absent from the document, not an alternative."""
    if node is None or part in FORMS:
        return False
    if isinstance(node.value, str):
        return node.value != part
    if not isinstance(node.value, dict):
        return False
    kind = node.value.get("kind")
    return not (kind is not None and kind.value == part) and not str(part).startswith(("constrained-", "function-"))


def _number_hint(kind: str, node: Node) -> str:
    value = node.value
    if kind == "int_type" and isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"Write {int(value)}."
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return f"Write {value} without quotes."
    if isinstance(value, str) and NUMBER.fullmatch(value.replace("_", "")):
        return f"Write {value.replace('_', '')}."
    return ""


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)
