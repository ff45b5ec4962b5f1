"""A stage: a section of training with one engine, such as a phase or a part of the pretraining."""

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
    """Its name in checkpoints and events."""
    trains_model: bool
    """Whether its epochs count as epochs of the run, of which the best is kept."""
    rows_file: RowsFile
    """The file that its rows go to."""
    order_purpose: str
    """The purpose in the seed of its permutations of the examples."""
    epoch_event: Callable[[EpochDone], Event]
    """Makes the event that reports the end of an epoch."""


@dataclass(frozen=True)
class Stage:
    """One stage of a training run."""

    kind: StageKind
    number: int
    """Its number among the stages of its kind, from 1."""
    n_epochs: int
    """The maximum number of epochs; patience may end the stage earlier."""
    optimizer: str
    """The kind of its optimizer."""
    marks: Mapping[str, Any] = field(default_factory=dict)
    """The entries of its rows in addition to the metrics."""
    patience: int | None = None
    """The number of epochs without improvement after which the stage ends."""

    @property
    def key(self) -> StageKey:
        """Its key in checkpoints."""
        return StageKey(self.kind.name, self.number)
