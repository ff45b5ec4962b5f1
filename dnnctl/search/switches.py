"""The keys that differ between two specs, as groups that change together, and specs between the two."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from dnnctl.store.recipe import NO_RECIPE, NO_RESULT

NOT_SWITCHED = (*((key,) for key in NO_RECIPE), ("runtime", NO_RESULT))
"""The keys that do not change what is trained, and the seed."""
Keys = tuple[str | int, ...]


@dataclass(frozen=True)
class Switch:
    """A key whose value differs; of another kind with all its keys, of lists of other lengths as a whole."""

    keys: Keys
    a: Any
    """Its value in the first spec; None if it is absent there."""
    b: Any

    @property
    def path(self) -> str:
        """The path of the key, `model.layers[0].units`."""
        return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys).lstrip(".")


def find_switches(a: Any, b: Any, keys: Keys = ()) -> list[Switch]:
    """The keys that differ between two complete specs, in their order."""
    if keys in NOT_SWITCHED or (a == b and isinstance(a, bool) == isinstance(b, bool)):
        return []
    x, y = _as_mapping(a), _as_mapping(b)
    if isinstance(x, dict) and isinstance(y, dict) and x.get("kind") == y.get("kind"):
        parts: list[str | int] = list(dict.fromkeys([*x, *y]))
        return [each for key in parts for each in find_switches(x.get(key), y.get(key), (*keys, key))]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [each for place in range(len(a)) for each in find_switches(a[place], b[place], (*keys, place))]
    return [Switch(keys, a, b)]


def switched(spec: dict[str, Any], switches: Collection[Switch]) -> dict[str, Any]:
    """A spec with the values that some keys have in the second one."""
    changed: Any = deepcopy(spec)
    for switch in switches:
        changed = _put(changed, switch.keys, switch.b)
    return dict(changed)


def _put(value: Any, keys: Keys, new: Any) -> Any:
    if not keys:
        return deepcopy(new)
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        return [*value[:key], _put(value[key], rest, new), *value[key + 1 :]]
    section = dict(_as_mapping(value))
    section[key] = _put(section.get(key), rest, new)
    return {name: each for name, each in section.items() if each is not None}


def _as_mapping(value: Any) -> Any:
    """A bare word as the mapping that it means."""
    return {"kind": value} if isinstance(value, str) else value
