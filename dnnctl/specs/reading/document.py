"""A spec as it was written: values together with their places in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from dnnctl.errors import Place

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Node:
    """One value of a document and its place; an entry of a mapping also has the place of its key."""

    value: Scalar | list[Node] | dict[str, Node]
    place: Place
    key_place: Place | None = None

    def plain(self) -> Any:
        """The value without places: dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def child(self, key: str | int) -> Node | None:
        """The entry of a mapping under a key, or of a list at an index; None if there is none."""
        if isinstance(self.value, dict) and isinstance(key, str):
            return self.value.get(key)
        if isinstance(self.value, list) and isinstance(key, int) and 0 <= key < len(self.value):
            return self.value[key]
        return None

    def find(self, path: Sequence[str | int]) -> Node | None:
        """The node at `path`; None if there is none."""
        node: Node | None = self
        for key in path:
            node = node.child(key) if node else None
        return node

    def nearest(self, path: Sequence[str | int]) -> Node:
        """The node at `path`, or the deepest one on the way to it."""
        node = self
        for key in path:
            found = node.child(key)
            if found is None:
                break
            node = found
        return node
