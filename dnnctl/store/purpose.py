"""What a command needs from the run that a name refers to."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from dnnctl.store.record import RunRecord, Status

NOT_RESUMABLE = (Status.DIVERGED, Status.DAMAGED)


class Wanted(StrEnum):
    """What a run is needed for; the value describes the runs that can be used for it."""

    ANY = ""
    COMPLETE = "finished"
    """Compare and report: it has a result."""
    RESUMABLE = "unfinished"
    """Resume: something is left to train."""
    MODEL = "with a model"
    """Evaluate, predict, prune and reuse."""
    CHECKPOINT = "with a checkpoint"
    """Fork."""

    def serves(self, run: RunRecord) -> bool:
        """Whether a run serves this purpose."""
        return TESTS[self](run)

    def describe(self, noun: str) -> str:
        """A noun phrase for runs that serve this purpose: `finished run`, `run with a model`."""
        words = [noun, self] if self.startswith("with ") else [self, noun]
        return " ".join(word for word in words if word)


TESTS: dict[Wanted, Callable[[RunRecord], bool]] = {
    Wanted.ANY: lambda _: True,
    Wanted.COMPLETE: lambda run: run.status.is_complete,
    Wanted.RESUMABLE: lambda run: not run.status.is_complete and run.status not in NOT_RESUMABLE,
    Wanted.MODEL: lambda run: run.folder.model.is_file(),
    Wanted.CHECKPOINT: lambda run: run.folder.checkpoints.is_dir() and any(run.folder.checkpoints.iterdir()),
}
