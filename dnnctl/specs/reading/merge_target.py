"""What a mapping is merged into when it is written over a word, or over an absent key.

Over `optimizer: nadam`, `{learning_rate: 0.1}` becomes `{kind: nadam, learning_rate: 0.1}`. If the file has no
optimizer, the kind is that of the default. A word without keys of its own (`none`, `auto`) is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnnctl.errors import Place
from dnnctl.specs.field import Kind
from dnnctl.specs.reading.document import Node
from dnnctl.specs.reading.introspection import default_of, key_options, kinds_of, of_kind

WITHOUT_KEYS = ("none", "auto", "inherit", "same")


def entries_of(node: Node, options: Sequence[Any]) -> dict[str, Node] | None:
    """The entries of a mapping, or of the mapping that a word is short for; None for a number, a switch or a list.

    Args:
        options: the types that the value may have; empty if a spec has no such key.
    """
    if isinstance(node.value, dict):
        return node.value
    if not isinstance(node.value, str):
        return None
    is_choice = not options or bool(kinds_of(options))
    return {"kind": Node(node.value, node.place)} if is_choice and node.value not in WITHOUT_KEYS else {}


def child_of(entries: dict[str, Node], key: str, options: Sequence[Any], place: Place) -> tuple[Node, list[Any]]:
    """The value under a key and the types that it may have; if it is absent, a mapping with the default's kind.

    Args:
        options: the types that the mapping with these entries may have.
        place: the place of what is written over the value.
    """
    kind = entries.get("kind")
    options = of_kind(options, kind.value if kind else None)
    child = entries.get(key)
    if child is None:
        default = default_of(options, key)
        has_keys = isinstance(default, Kind) and len(type(default).model_fields) > 1
        child = Node({"kind": Node(default.kind, place)} if has_keys else {}, place, place)
    return child, key_options(options, key)
