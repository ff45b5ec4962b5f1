"""The strict YAML reader: turns text into a document with places, and reports all faults of the text.

It rejects duplicate keys, empty values, tags, more than one document, text that is not UTF-8, and text that is large,
deeply nested, or becomes large when its aliases are expanded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import yaml

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.reading.document import Node, Scalar
from dnnctl.specs.reading.expanded_size import ExpandedSize
from dnnctl.specs.reading.yaml_errors import place_of, refuse_characters, syntax_fault
from dnnctl.specs.reading.yaml_rules import INT, MAX_DIGITS, parse_scalar

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DATA_ENDINGS = (".csv", ".tsv", ".txt", ".jsonl")
Mark: TypeAlias = tuple[int, int, bool]
"""A line and a column, from 0, and whether there is a scalar."""


def read_document(text: str, name: str) -> tuple[Node, list[Fault]]:
    """The document in the text of a spec, and the faults that do not prevent reading it.

    Raises:
        SpecError: the text cannot be read as a YAML mapping. It may be no spec at all, so that it is not quoted.
    """
    node, faults = read_text(text, name)
    if not isinstance(node.value, dict):
        received = describe(node) if node.value is None or isinstance(node.value, list) else "a single value"
        place = replace(node.place, text="")
        hint = f"To make a spec for data: dnnctl init NAME.yaml --from {name}" if name.endswith(DATA_ENDINGS) else ""
        rule = "a spec must be a mapping of keys to values"
        raise SpecError([Fault(rule, place=place, received=received, hint=hint)])
    return node, faults


def read_text(text: str, name: str) -> tuple[Node, list[Fault]]:
    """The document in a text, and the faults that do not prevent reading it; `name` is its name in messages."""
    lines = text.splitlines() or [""]
    refuse_characters(text, name, lines)
    tags = _scan(text, name, lines)
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise SpecError([syntax_fault(error, None, name, lines)]) from None
    if root is None:
        return Node(None, Place(name)), []
    composer = _Composer(name, lines, tags)
    return composer.convert(root), composer.faults


def describe(node: Node) -> str:
    """A short description of a value for messages."""
    if isinstance(node.value, dict):
        return "a mapping with " + (", ".join(list(node.value)[:6]) or "no keys")
    if isinstance(node.value, list):
        return {0: "an empty list", 1: "a list of 1 entry"}.get(len(node.value), f"a list of {len(node.value)} entries")
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return repr(node.value) if isinstance(node.value, str) else str(node.value)


def _scan(text: str, name: str, lines: list[str]) -> dict[Mark, str]:
    """The tags in a text, by their places. It is read event by event, so that nothing large is built.

    Raises:
        SpecError: the text is not YAML, is nested deeply, or has too many values when its aliases are expanded.
    """
    size, tags = ExpandedSize(name), {}
    last: yaml.ScalarEvent | None = None
    try:
        for event in yaml.parse(text, Loader=_Loader):
            size.add(event)
            tag = getattr(event, "tag", None)
            if tag is not None:
                tags[_mark(event)] = str(tag)
            last = event if isinstance(event, yaml.ScalarEvent) else last
    except yaml.YAMLError as error:
        raise SpecError([syntax_fault(error, last, name, lines)]) from None
    return tags


def _mark(node: Any) -> Mark:
    """The place of a node or an event. A mapping starts at the same place as its first key."""
    return node.start_mark.line, node.start_mark.column, isinstance(node, yaml.ScalarNode | yaml.ScalarEvent)


class _Composer:
    """Turns nodes of PyYAML into ours and collects faults."""

    def __init__(self, name: str, lines: list[str], tags: dict[Mark, str]) -> None:
        self.name = name
        self.lines = lines
        self.tags = tags
        self.faults: list[Fault] = []

    def convert(self, node: yaml.Node, path: str = "", key_place: Place | None = None) -> Node:
        place = place_of(node.start_mark, self.name, self.lines)
        self._refuse_tag(node, path, place)
        if isinstance(node, yaml.MappingNode):
            return Node(self._mapping(node, path), place, key_place)
        if isinstance(node, yaml.SequenceNode):
            items = [self.convert(item, _join(path, index)) for index, item in enumerate(node.value)]
            return Node(items, place, key_place)
        return Node(self._scalar(node, path, place), place, key_place)

    def _scalar(self, node: yaml.Node, path: str, place: Place) -> Scalar:
        if getattr(node, "style", None):
            return str(node.value)
        if len(node.value) > MAX_DIGITS and INT.fullmatch(node.value):
            rule = f"the number has {len(node.value):,} digits, but at most {MAX_DIGITS} are allowed"
            raise SpecError([Fault(rule, path, place)])
        return parse_scalar(node.value)

    def _refuse_tag(self, node: yaml.Node, path: str, place: Place) -> None:
        tag = self.tags.get(_mark(node))
        if tag is not None:
            hint = "Remove the tag. Quote the value if it must be text."
            self.faults.append(Fault("tags are not allowed", path, place, received=tag, hint=hint))

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key_node, value_node in node.value:
            place = place_of(key_node.start_mark, self.name, self.lines)
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            self._refuse_tag(key_node, path, place)
            if not isinstance(key, str):
                self.faults.append(Fault("a key must be a word", path, place, received="a list or a mapping"))
                continue
            here = _join(path, key)
            if key in entries:
                first = entries[key].key_place
                line = first.line if first else 0
                rule = f"duplicate key '{key}', first on line {line}, again on line {place.line}"
                hint = f"{line:>6} | {first.text if first else ''}"
                self.faults.append(Fault(rule, here, place, hint=f"Remove one of them. First: {hint.strip()}"))
                continue
            value = self.convert(value_node, here, place)
            if value.value is None:
                hint = "Write a value (`none` for nothing) or remove the line."
                self.faults.append(Fault("the key has no value", here, place, hint=hint))
                continue
            entries[key] = value
        return entries


def _join(path: str, key: str | int) -> str:
    return f"{path}.{key}" if path else str(key)
