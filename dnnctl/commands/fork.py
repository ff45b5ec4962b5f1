"""`fork`: a new run that starts from another run's state, with a changed spec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dnnctl.commands.budget import check_settled
from dnnctl.commands.fork_point import changes_of_spec, choose_checkpoint, lineage
from dnnctl.commands.runs import Run
from dnnctl.commands.session import run_session
from dnnctl.commands.train import make_blueprint
from dnnctl.events.event import Report, ignore
from dnnctl.specs import load
from dnnctl.store.alteration import check_unaltered
from dnnctl.store.catalog import load_run, runs_directory
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import check_sound
from dnnctl.store.writer import RunWriter


def fork(
    reference: str | Path,
    overrides: Sequence[str] = (),
    *,
    at: int | None = None,
    runs_dir: str | Path | None = None,
    report: Report = ignore,
) -> Run:
    """Train a new run that starts from the state of another run, with a changed spec; return it.

    Weights, optimizer, random state, best epoch and the rows so far are taken over unless the changes prevent it.
    Patience is reset. The new run has a copy of everything that it needs, so the other run may be removed.

    Args:
        reference: the folder, id, id prefix or name of the run to start from, or `last`.
        overrides: changes to its spec, of the form `a.b=value`.
        at: start at the end of this epoch; by default at the newest checkpoint, or at the best epoch of a diverged run.
        runs_dir: where runs are kept; by default the folder of the other run.

    Raises:
        UserError: there is no such run or checkpoint, it was altered since training, no epoch is left to train, or the
            spec describes a different network.
        DivergedError: the loss became infinite or NaN.
    """
    parent = load_run(reference, runs_dir, Wanted.CHECKPOINT)
    check_sound(parent)
    check_unaltered(parent)
    loaded = load(parent.folder.spec, overrides)
    check_settled(loaded, "a fork")
    changed = changes_of_spec(parent, loaded)
    checkpoint = choose_checkpoint(parent, at, [change.path for change in changed], loaded.spec.training.epochs)
    check_unaltered(parent, checkpoint.manifest)
    blueprint = replace(
        make_blueprint(loaded),
        parent=lineage(parent, checkpoint, changed),
        origin=checkpoint,
        reuse=parent.facts.reuse,
        pretrained=pretrained_copy(parent),
    )
    with RunWriter.create(runs_directory(runs_dir) if runs_dir else parent.path.parent, blueprint) as writer:
        run_session(loaded, writer, report, event="forked")
        return Run(writer.folder)
