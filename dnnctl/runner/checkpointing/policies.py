"""When checkpoints are written, and which ones are kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from dnnctl.specs.training import Checkpoint as CheckpointSpec


@dataclass
class SavePolicy:
    """When a checkpoint is due in the middle of an epoch: by minutes or by steps, whichever comes first."""

    minutes: float | None
    """Minutes of training since the last checkpoint."""
    steps: int | None
    """A checkpoint is due after each multiple of this number of steps, counted from the start of the run."""
    saved: float = field(default_factory=time.monotonic)
    """When the last checkpoint was taken, on the monotonic clock."""

    def is_due(self, global_step: int) -> bool:
        """Whether a checkpoint is due after a step."""
        if self.steps is not None and global_step % self.steps == 0:
            return True
        return self.minutes is not None and time.monotonic() - self.saved >= 60 * self.minutes

    def note_saved(self) -> None:
        """Start counting the minutes from now."""
        self.saved = time.monotonic()


@dataclass(frozen=True)
class KeepPolicy:
    """Which checkpoints are kept: the newest ones, and always the checkpoint of the best epoch."""

    n_newest: int


def policies(spec: CheckpointSpec) -> tuple[SavePolicy, KeepPolicy]:
    """The policies of a spec."""
    every = spec.every
    minutes = None if every.minutes == "none" else every.minutes
    steps = None if every.steps == "none" else every.steps
    return SavePolicy(minutes, steps), KeepPolicy(spec.keep)
