"""Hints for unknown keys and words: suggestions that know the words of other frameworks and the other sections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from dnnctl.specs.experiment import Spec
from dnnctl.specs.path import Path, dotted
from dnnctl.specs.reading.aliases import ADVICE, KEYS, WORDS
from dnnctl.specs.reading.introspection import alternatives, is_section, key_options, keys_of, kinds_of
from dnnctl.text import nearest, suggest

MAX_DEPTH = 3
"""How many parts the path of a suggested key has at most."""
CLOSE = 0.8
"""How similar a typo in this section must be to be preferred to the same key in another one."""


def word_hint(word: str, allowed: Sequence[str]) -> str:
    """The hint for a word that is not allowed, such as an unknown kind."""
    meant = meant_word(word, allowed)
    return suggest(word, allowed, meant=f"`{meant}`" if meant else "")


def meant_word(word: str, allowed: Sequence[str]) -> str:
    """The allowed word that another spelling or another framework's word certainly means; empty if there is none."""
    candidates = (*_same(word, allowed), *WORDS.get(squash(word), ()))
    return next((each for each in candidates if each in allowed), "")


def meant_key(key: str, siblings: Sequence[str]) -> str:
    """The same for a key."""
    return next((each for each in (*_same(key, siblings), *KEYS.get(squash(key), ())) if each in siblings), "")


def key_hint(key: str, siblings: Sequence[str], choice: Iterable[Any] = ()) -> str:
    """The hint for an unknown key.

    Args:
        siblings: the keys that are known there.
        choice: if the key is in a mapping with `kind`, all alternatives for that mapping.
    """
    if squash(key) in ADVICE:
        return ADVICE[squash(key)]
    kinds = kinds_of(option for option in choice if key in keys_of([option]))
    if kinds:
        return f"`{key}` is a key of {', '.join(kinds)}. {suggest('', siblings)}"
    return suggest(key, siblings, meant=_meant_key(key, siblings))


def path_of(key: str) -> str:
    """The path of the key that a word means, such as `optimizer.learning_rate` for `lr`; empty if there is none."""
    if squash(key) and _is_path(key):
        return key
    return next((path for name in (key, *KEYS.get(squash(key), ())) if (path := _path_of_name(name))), "")


def _path_of_name(name: str) -> str:
    """A path, or the path of a key."""
    return name if "." in name else key_paths().get(squash(name), "")


def _is_path(key: str) -> bool:
    *parents, last = key.split(".")
    return bool(parents) and last in keys_of(alternatives(Spec, parents))


def squash(word: str) -> str:
    """A word without its case and its separators."""
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _meant_key(key: str, siblings: Sequence[str]) -> str:
    names = sorted(KEYS.get(squash(key), ()), key=lambda name: "." not in name)
    here, near = meant_key(key, siblings), nearest(key, siblings, closeness=CLOSE)
    if here or (near and not names):
        return f"`{here or near}`"
    paths = map(_path_of_name, (*names, key))
    return next((written_path(path) for path in paths if path), "")


def _same(word: str, allowed: Iterable[str]) -> list[str]:
    return [each for each in allowed if squash(each) == squash(word)]


def written_path(path: str) -> str:
    """A path as it is printed: `schedule.cosine`, which ends in a kind, as `schedule: cosine`."""
    parent, _, last = path.rpartition(".")
    if not parent:
        return f"`{path}` at the top level"
    options = alternatives(Spec, parent.split("."))
    return f"`{parent}: {last}`" if last in kinds_of(options) and last not in keys_of(options) else f"`{path}`"


@cache
def key_paths() -> dict[str, str]:
    """The path of each key, nearest to the top first; without lists and without keys that only some kinds have."""
    found: dict[str, str] = {}
    queue: list[tuple[Path, list[Any]]] = [((), [Spec])]
    for path, options in queue:
        for key in _common_keys(options):
            found.setdefault(squash(key), dotted((*path, key)))
            if len(path) + 1 < MAX_DEPTH:
                queue.append(((*path, key), key_options(options, key)))
    return found


def _common_keys(options: Iterable[Any]) -> list[str]:
    """The keys that every section among the options has, apart from those that have none."""
    sections = [keys for option in options if is_section(option) and (keys := _own_keys(option))]
    return [key for key in sections[0] if all(key in keys for keys in sections)] if sections else []


def _own_keys(section: Any) -> list[str]:
    return [key for key in keys_of([section]) if key != "kind"]
