"""A spec as pairs of paths and values."""

from __future__ import annotations

from typing import Any


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a nested value by their dotted paths: `{"optimizer": {"kind": "sgd"}}` has `optimizer.kind`."""
    if not isinstance(value, dict | list) or not value:
        return {path: value}
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return {
        name: leaf
        for key, entry in entries
        for name, leaf in flatten(entry, f"{path}.{key}" if path else str(key)).items()
    }
