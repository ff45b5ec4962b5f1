"""What a rule finds in a spec: where, why it is a problem, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from dnnctl.specs.path import Path, dotted
from dnnctl.specs.reading.yaml_writer import write_inline

Severity: TypeAlias = Literal["error", "warning", "hint"]
"""`error`: the recipe cannot work. `warning`: it probably works badly. `hint`: something else is usually better."""


@dataclass(frozen=True)
class Fix:
    """Values to write into the spec."""

    changes: tuple[tuple[Path, Any], ...]
    """The path and the value of each change."""
    is_safe: bool = True
    """Whether `check --fix` makes the changes: they do what the spec is meant to do, and leave no choice."""

    def __str__(self) -> str:
        return ", ".join(f"{dotted(path)}: {write_inline(value)}" for path, value in self.changes)


@dataclass(frozen=True)
class Finding:
    """One place where a spec breaks a rule."""

    path: Path
    reason: str
    """One sentence, without a full stop at its end."""
    fix: Fix | None = None
    advice: str = ""
    """What to do, if there is no fix that can be written as values."""
    severity: Severity | None = None
    """None: that of the rule."""


def change(path: Path, value: Any, *, is_safe: bool = True) -> Fix:
    """A fix that writes one value."""
    return Fix(((path, value),), is_safe)
