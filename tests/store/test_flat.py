from __future__ import annotations

from dnnctl.store.flat import flatten


def test_every_leaf_has_its_path() -> None:
    """Empty mappings and lists are leaves, so that nothing is lost."""
    spec = {"a": {"b": 1, "c": [{"d": "x"}, "y", []]}, "e": {}, "f": None}
    assert flatten(spec) == {"a.b": 1, "a.c.0.d": "x", "a.c.1": "y", "a.c.2": [], "e": {}, "f": None}
