"""The run's copy of the pretrained network that it reuses."""

from __future__ import annotations

from pathlib import Path

from dnnctl.errors import RunError
from dnnctl.store.digest import sha256_of
from dnnctl.store.record import RunRecord


def pretrained_copy(run: RunRecord) -> Path | None:
    """The copy of the pretrained network that a run reuses; None if it does not reuse one.

    Raises:
        RunError: the copy is damaged or missing.
    """
    if run.facts.reuse is None:
        return None
    path = run.folder.pretrained
    if not path.is_file() or sha256_of(path) != run.facts.reuse.sha256:
        raise RunError(
            f"{path}, the copy of the network that {run.id} reuses, is damaged or missing. Train the run again."
        )
    return path
