"""A stage: a stretch of training with one engine, such as a phase or a part of the pretraining."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dnnctl.events.event import Event
from dnnctl.runner.checkpointing.progress import EpochDone, StageKey
from dnnctl.store.writer import RowsFile


@dataclass(frozen=True)
class StageKind:
    """What all stages of a kind have in common. Each kind is one file; `stages.STAGE_KINDS` lists them."""

    name: str
    """What checkpoints and events call it."""
    trains_model: bool
    """Whether its epochs are the run's own: they are counted, and the best of them is kept."""
    rows_file: RowsFile
    """Where its rows go."""
    order_purpose: str
    """What its permutations of the examples are drawn for."""
    epoch_event: Callable[[EpochDone], Event]
    """What an epoch's end is reported as."""


@dataclass(frozen=True)
class Stage:
    """One stage."""

    kind: StageKind
    number: int
    """Among those of its kind, from 1."""
    n_epochs: int
    """At most; patience may end it before."""
    optimizer: str
    """The kind of its optimizer."""
    marks: Mapping[str, Any] = field(default_factory=dict)
    """What each of its rows holds besides metrics."""
    patience: int | None = None
    """The epochs without an improvement after which it ends."""

    @property
    def key(self) -> StageKey:
        """What a checkpoint calls it."""
        return StageKey(self.kind.name, self.number)
