"""What differs between two specs, key by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = "—"


@dataclass(frozen=True)
class Change:
    """One key whose value differs."""

    path: str
    before: Any = None
    """None if the key is absent; the keys of a complete spec never hold None."""
    after: Any = None

    def __str__(self) -> str:
        return f"{self.path}: {in_words(self.before)} → {in_words(self.after)}"


def changes(before: Any, after: Any, path: str = "") -> list[Change]:
    """The keys whose values differ between two specs, in order; a bare word is a mapping with that `kind`."""
    if isinstance(before, dict) and isinstance(after, str) and "kind" in before:
        after = {"kind": after}
    if isinstance(before, str) and isinstance(after, dict) and "kind" in after:
        before = {"kind": before}
    if isinstance(before, dict) and isinstance(after, dict):
        keys: list[Any] = list(dict.fromkeys([*before, *after]))
    elif isinstance(before, list) and isinstance(after, list):
        keys = list(range(max(len(before), len(after))))
    else:
        return [] if _same(before, after) else [Change(path, before, after)]
    return [
        change
        for key in keys
        for change in changes(_at(before, key), _at(after, key), f"{path}.{key}" if path else str(key))
    ]


def has_changed(keys: Sequence[str], changed: Sequence[str]) -> bool:
    """Whether one of the keys, or anything below it, is among those that have changed."""
    return any(path == key or path.startswith(f"{key}.") for key in keys for path in changed)


def in_words(value: Any) -> str:
    """A value as YAML writes it on one line."""
    if value is None:
        return ABSENT
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {in_words(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_words, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at(values: Any, key: Any) -> Any:
    if isinstance(values, list):
        return values[key] if key < len(values) else None
    return values.get(key)


def _same(before: Any, after: Any) -> bool:
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)
