"""Paths into a spec: the keys and list indexes that lead to a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]


def dotted(path: Sequence[str | int]) -> str:
    """A path as it is written in messages and in `--set`: `model.layers.1.units`."""
    return ".".join(str(part) for part in path)
