"""What a user types next after a run that has gone wrong."""

from __future__ import annotations

from shlex import quote

from dnnctl.store.checkpoint import list_checkpoints
from dnnctl.store.record import RunRecord


def recovery_command(run: RunRecord) -> str:
    """The command that trains a diverged run's spec with clipped gradients, from a state before if there is one."""
    has_state = bool(list_checkpoints(run.folder.checkpoints))
    command = f"fork {quote(str(run.path))}" if has_state else f"train {quote(str(run.folder.spec))}"
    return f"dnnctl {command} --set optimizer.clip=norm"
