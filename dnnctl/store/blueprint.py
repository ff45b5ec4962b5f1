"""Blueprints: what runs are created from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnnctl.store.checkpoint import Checkpoint
from dnnctl.store.environment import own_command
from dnnctl.store.facts import ParentFacts, ReuseFacts, TrialFacts


@dataclass(frozen=True)
class Blueprint:
    """Everything that a new run is created from. Its spec is complete."""

    name: str
    digest: str
    """SHA-256 of the spec, in hexadecimal."""
    spec: str
    """The spec as YAML."""
    source: str
    """The spec as the user wrote it."""
    overrides: Sequence[str] = ()
    command: Sequence[str] = field(default_factory=own_command)
    seed: int = 0
    plain: Mapping[str, Any] = field(default_factory=dict)
    """The spec as plain values."""
    parent: ParentFacts | None = None
    """The run that a fork starts from."""
    origin: Checkpoint | None = None
    """The checkpoint that a fork starts from; the new run gets a copy."""
    reuse: ReuseFacts | None = None
    """The pretrained network that the run reuses."""
    pretrained: Path | None = None
    """The file of the pretrained network; the new run gets a copy."""
    trial: TrialFacts | None = None
    """The trial of a sweep that the run is."""
