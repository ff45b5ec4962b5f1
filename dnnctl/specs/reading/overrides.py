"""`--set a.b=value`: changes to a document from the command line; values are read as YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dnnctl.errors import Fault, Place, SpecError
from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Section
from dnnctl.specs.path import Path, dotted
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.expanded_size import MAX_DEPTH
from dnnctl.specs.reading.introspection import item_options
from dnnctl.specs.reading.merge_target import child_of, entries_of
from dnnctl.specs.reading.phase_epochs import drop_replaced_epochs
from dnnctl.specs.reading.yaml_errors import refuse_characters
from dnnctl.specs.reading.yaml_reader import describe, read_text

INDEX = re.compile(r"[0-9]{1,9}")
"""A number of an entry in a list. A longer one can only be a key, which no spec has."""


def apply_overrides(document: Node, overrides: Sequence[str]) -> tuple[Node, list[Fault]]:
    """The document with every `path=value` applied in order, and the faults of those that cannot be applied."""
    changes: list[tuple[Path, Node]] = []
    faults: list[Fault] = []
    for override in overrides:
        try:
            changes.append(parse_override(override))
        except SpecError as error:
            faults += error.faults
    document, found = apply_changes(document, changes)
    return document, [*faults, *found]


def apply_changes(
    document: Node, changes: Sequence[tuple[Path, Node]], root: type[Section] = Spec
) -> tuple[Node, list[Fault]]:
    """The document with every value put at its path, in order, and the faults of those that cannot be.

    Args:
        root: what the document describes.
    """
    faults: list[Fault] = []
    written: set[str] = set()
    for path, value in changes:
        try:
            document = _set(document, path, value, (), (root,))
            written |= {str(path[1])} if path[0] == "training" and len(path) > 1 else set()
        except SpecError as error:
            faults += error.faults
    return drop_replaced_epochs(document, written), faults


def parse_path(name: str) -> Path:
    """A path as it is written in messages and in `--set`: `model.layers.1.units`."""
    return tuple(int(part) if INDEX.fullmatch(part) else part.strip() for part in name.split("."))


def parse_override(override: str) -> tuple[Path, Node]:
    """The path and the value of an override.

    Raises:
        SpecError: it has no `=`, an empty path, or characters or a value that are not YAML.
    """
    place = Place(f"--set {override}")
    refuse_characters(override, str(place), override.splitlines())
    name, equals, text = override.partition("=")
    if not equals or not all(part.strip() for part in name.split(".")):
        hint = "For example: --set training.epochs=5"
        raise SpecError([Fault("an override must have the form path=value", place=place, hint=hint)])
    value, faults = read_text(text, str(place))
    if value.value is None:
        faults.append(Fault("the value is empty", place=place, hint="Use `none` for nothing."))
    if faults:
        raise SpecError(faults)
    path = parse_path(name)
    if len(path) > MAX_DEPTH:
        raise SpecError([Fault(f"the path has more than {MAX_DEPTH} parts", place=place)])
    return path, placed_at(value, place)


def placed_at(node: Node, place: Place) -> Node:
    """The node with one place for all its parts."""
    value = node.value
    if isinstance(value, dict):
        value = {key: placed_at(child, place) for key, child in value.items()}
    elif isinstance(value, list):
        value = [placed_at(child, place) for child in value]
    return Node(value, place, place)


def _set(node: Node, path: Path, value: Node, done: Path, options: Sequence[Any]) -> Node:
    """The node with the value at `path` replaced; `done` leads to the node, `options` are the types it may have."""
    if not path:
        return value
    key = path[0]
    if isinstance(node.value, list):
        return _set_item(node, node.value, path, value, done, options)
    entries = entries_of(node, options)
    if entries is None:
        raise SpecError([Fault(f"is {describe(node)}, which has no keys", dotted(done), value.place)])
    if isinstance(key, int) and item_options(options):
        hint = f"Set the whole list: --set {dotted(done)}=[…]"
        raise SpecError([Fault("is not a list in the file", dotted(done), value.place, hint=hint)])
    name = str(key)
    child, child_options = child_of(entries, name, options, value.place)
    changed = _set(child, path[1:], value, (*done, name), child_options)
    return replace(node, value={**entries, name: changed})


def _set_item(node: Node, items: list[Node], path: Path, value: Node, done: Path, options: Sequence[Any]) -> Node:
    index = path[0]
    if not isinstance(index, int) or index >= len(items):
        numbers = {0: "", 1: ", numbered 0"}.get(len(items), f", numbered 0 to {len(items) - 1}")
        rule = f"is {describe(node)}{numbers}"
        raise SpecError([Fault(rule, dotted(done), value.place, received=repr(str(index)))])
    changed = _set(items[index], path[1:], value, (*done, index), item_options(options))
    return replace(node, value=[*items[:index], changed, *items[index + 1 :]])
