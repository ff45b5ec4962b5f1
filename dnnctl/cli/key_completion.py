"""The keys of specs and their values, as candidates for the shell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dnnctl.specs.experiment import Spec
from dnnctl.specs.reading.introspection import (
    alternatives,
    default_of,
    is_section,
    item_options,
    key_options,
    keys_of,
    kinds_of,
    words_of,
)
from dnnctl.specs.reading.overrides import parse_path

VALUE = "…"
"""What follows the only candidate if it has no default."""


def keys_like(name: str) -> list[str]:
    """The keys that a half-written path may become: `optimizer.` where it has keys, `training.epochs=` for a value.

    The only candidate is followed by what comes after it, so that the shell adds no space.
    """
    parent, dot, start = name.rpartition(".")
    options = _options(parent)
    names = [key for key in _keys(options) if key.startswith(start)]
    candidates = [f"{parent}{dot}{key}{end}" for key in names for end in _ends(_below(options, key))]
    if len(candidates) != 1:
        return candidates
    (only,) = candidates
    if only.endswith("."):
        return keys_like(only)
    return [only, f"{only}{_default(options, names[0]) or VALUE}"]


def values_of(name: str) -> list[str]:
    """The words that the value of a key may be; for a number, its default."""
    parent, _, key = name.rpartition(".")
    found, default = _options(name), _default(_options(parent), key)
    words = [*words_of(found), *kinds_of(found), *(["true", "false"] if bool in found else [])]
    return words or ([] if default is None else [default])


def topics_like(name: str) -> list[str]:
    """The keys and kinds that a half-written path may become, as `explain` takes them."""
    parent, dot, _ = name.rpartition(".")
    options = _options(parent)
    kinds = kinds_of(options) if len(options) > 1 else []
    return [f"{parent}{dot}{each}" for each in [*keys_of(options), *kinds] if each != "kind"]


def _options(path: str) -> list[Any]:
    """The types that the value at a path may have."""
    return alternatives(Spec, parse_path(path) if path else ())


def _below(options: Sequence[Any], key: str) -> list[Any]:
    return key_options(options, key) or item_options(options)


def _keys(options: Sequence[Any]) -> list[str]:
    """The keys of a mapping; of a list, the number of its first entry."""
    return keys_of(options) or (["0"] if any(map(is_section, item_options(options))) else [])


def _ends(options: Sequence[Any]) -> list[str]:
    """What may follow a key: `.` if it has keys or entries, `=` if it can be written as a value."""
    has_keys = any(key != "kind" for key in _keys(options))
    is_value = not all(is_section(option) for option in options) or bool(kinds_of(options))
    return ["."] * has_keys + ["="] * is_value


def _default(options: Sequence[Any], key: str) -> str | None:
    """The default of a key, if it is a plain value."""
    value = default_of(options, key)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float | str) and value != "" else None
