"""What the workers of a distributed training do, except the chief."""

from __future__ import annotations

import os
from pathlib import Path

from dnnctl.commands.parent import has_parent
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.session import ECHO, faults_located
from dnnctl.commands.stderr import stderr_to
from dnnctl.commands.team import team_of
from dnnctl.errors import RunError
from dnnctl.events.event import Report, Warned, ignore
from dnnctl.runner.interrupts import Interrupts
from dnnctl.specs import LoadedSpec
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord

STDERR = 2


def assist(
    loaded: LoadedSpec, runs_dir: str | Path | None = None, *, run: RunRecord | None = None, report: Report = ignore
) -> None:
    """Train a spec together with the chief. This process writes nothing.

    Args:
        runs_dir: where the run is that the spec may reuse.
        run: the run that the chief continues; None if it starts one.

    Raises:
        WorkerLostError: another worker has ended.
        UserError: the spec or the data cannot be used, or are not those of the chief.
    """
    team = team_of(loaded.spec)
    if team is None:
        raise RunError("A training without `runtime.distribution: multi_worker` needs no assistance.")
    if run is None:
        loaded, found = find_pretrained(loaded, runs_dir, lambda text: report(Warned(text)))
        pretrained = found.path if found else None
    else:
        pretrained = pretrained_copy(run)
    with (
        Interrupts(echo=ECHO if has_parent() else 0.0) as interrupts,
        interrupts.raised(),
        stderr_to(os.devnull),
        faults_located(loaded),
    ):
        from dnnctl.engine.memory import memory_errors_explained
        from dnnctl.runner.assistant import assist as assist_chief

        with memory_errors_explained():
            assist_chief(loaded.spec, team, report, interrupts, pretrained=pretrained)
    _silence_tensorflow()


def _silence_tensorflow() -> None:
    """Drop what TensorFlow writes when the process ends: that the chief, which has ended, cannot be reached."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, STDERR)
    os.close(descriptor)
