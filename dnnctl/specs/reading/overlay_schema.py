"""The JSON Schema of a spec that extends another one: a key that the base has may be missing.

Mappings are merged with those of the base, so none of their keys is required. A list replaces that of the base, so
everything in a list is complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SUFFIX = "Overlay"


def word_schemas(kinds: Mapping[str, str], words: Iterable[str]) -> list[dict[str, str]]:
    """Alternatives that are bare words.

    Args:
        kinds: the reference of each kind's definition. That of its word has the word as its suffix.
    """
    return [{"$ref": f"{kinds[word]}.{word}"} for word in words]


def overlay_schema(schema: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema without required keys, and the additional definitions that it needs."""
    added: dict[str, Any] = {}

    def relax(node: Any) -> Any:
        if isinstance(node, list):
            return [relax(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "discriminator" in node:
            mapping = node["discriminator"]["mapping"]
            return {"anyOf": [*word_schemas(mapping, sorted(mapping)), *relax(node["oneOf"])]}
        if "$ref" in node:
            return {**node, "$ref": refer(node["$ref"])}
        return {key: value if key == "items" else relax(value) for key, value in node.items() if key != "required"}

    def refer(reference: str) -> str:
        name = reference.rsplit("/", 1)[-1]
        if name not in definitions:
            return reference  # a word, which has no keys
        overlay = name + SUFFIX
        if overlay not in added:
            added[overlay] = {}
            added[overlay] = relax(definitions[name])
        return f"#/$defs/{overlay}"

    return relax(schema), added
