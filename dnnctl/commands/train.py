"""`train`, `resume` and `fork`: a spec or a run in, a run out. Light: the run is open before TensorFlow is loaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dnnctl.commands.fork_point import changes_of_spec, choose_checkpoint, lineage
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.session import faults_located, run_session
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import RunError, UserError
from dnnctl.events.event import Report, ignore
from dnnctl.specs import LoadedSpec, Spec, digest, load, to_plain, to_yaml
from dnnctl.specs.reading.yaml_reader import read_text
from dnnctl.store.advice import recovery_command
from dnnctl.store.catalog import load_run, runs_directory
from dnnctl.store.creation import Blueprint, create_run
from dnnctl.store.lock import hold
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.record import RunRecord, Status, last_end


def train(
    spec: Spec | LoadedSpec | str | Path, *, runs_dir: str | Path | None = None, report: Report = ignore
) -> RunRecord:
    """Train a spec and return its run.

    Args:
        spec: a spec, or the path of its file.
        runs_dir: where runs are kept; by default as DNNCTL_RUNS_DIR says, or `runs`.
        report: called with each fact as it happens.

    Raises:
        UserError: the spec, the data or the device is not as it must be.
        DivergedError: the loss became infinite or not a number.
    """
    loaded, source = find_pretrained(_loaded(spec), runs_dir)
    blueprint = _blueprint(loaded)
    if source is not None:
        blueprint = replace(blueprint, reuse=source.facts(), reused=source.path)
    run = create_run(runs_directory(runs_dir), blueprint)
    with hold(run.folder.lock):
        run_session(loaded, run, report, event="started")
    return RunRecord(run.folder)


def resume(
    reference: str | Path,
    *,
    runs_dir: str | Path | None = None,
    accept_changed_data: bool = False,
    report: Report = ignore,
) -> RunRecord:
    """Go on with an interrupted run, to the same bits as if it had never been interrupted; return it.

    A run that has finished is returned as it is. One without a usable checkpoint starts over.

    Args:
        reference: the run's folder, or its id, the beginning of it, its name, or `last`.
        runs_dir: where runs are kept; by default as DNNCTL_RUNS_DIR says, or `runs`.
        accept_changed_data: go on even if the data are no longer the same.
        report: called with each fact as it happens.

    Raises:
        UserError: there is no such run, another process trains it, it has diverged, or its data have changed.
        DivergedError: the loss became infinite or not a number.
    """
    run = load_run(reference, runs_dir)
    with hold(run.folder.lock):
        run = RunRecord(run.folder)
        end = last_end(run)
        if end == Status.DIVERGED:
            raise RunError(
                f"{run.id} has diverged: resumed, it would diverge again. Change its spec: {recovery_command(run)}"
            )
        if not end.is_complete:
            run_session(load(run.folder.spec), run, report, event="resumed", accept_changed_data=accept_changed_data)
    return RunRecord(run.folder)


def fork(
    reference: str | Path,
    overrides: Sequence[str] = (),
    *,
    at: int | None = None,
    runs_dir: str | Path | None = None,
    report: Report = ignore,
) -> RunRecord:
    """Train a new run that starts from another's state with a changed spec; return it.

    Weights, optimizer, noise, best epoch and the rows so far are taken over as far as the changes allow; patience
    counts from the fork. The new run holds a copy of all it needs: the other one may be removed.

    Args:
        reference: the folder of the run to start from, or its id, the beginning of it, its name, or `last`.
        overrides: changes to its spec, of the form `a.b=value`.
        at: the epoch at whose end to start; by default where its newest checkpoint is, of a diverged run at its best.
        runs_dir: where runs are kept; by default where the other run is.

    Raises:
        UserError: there is no such run or checkpoint, nothing is left to train, or the spec describes another network.
        DivergedError: the loss became infinite or not a number.
    """
    parent = load_run(reference, runs_dir)
    loaded = load(parent.folder.spec, overrides)
    changed = changes_of_spec(parent, loaded)
    checkpoint = choose_checkpoint(parent, at, [change.path for change in changed], loaded.spec.training.epochs)
    blueprint = replace(
        _blueprint(loaded),
        parent=lineage(parent, checkpoint, changed),
        origin=checkpoint,
        reuse=parent.facts.get("reuse"),
        reused=pretrained_copy(parent),
    )
    run = create_run(runs_directory(runs_dir) if runs_dir else parent.path.parent, blueprint)
    try:
        with hold(run.folder.lock):
            run_session(loaded, run, report, event="forked")
    except UserError:
        if not any(row["event"] == "restored" for row in RunRecord(run.folder).history):
            shutil.rmtree(run.path, ignore_errors=True)  # it never began, and never can
        raise
    return RunRecord(run.folder)


def dry_run(
    spec: Spec | LoadedSpec | str | Path, *, runs_dir: str | Path | None = None, report: Report = ignore
) -> None:
    """Load the data and build the model of a spec as `train` would, but train and write nothing.

    Raises:
        UserError: the spec, the data or the device is not as it must be.
    """
    loaded = _loaded(spec)
    with stderr_to(os.devnull):
        from dnnctl.runner.setup import prepare

        loaded, source = find_pretrained(loaded, runs_dir)
        with faults_located(loaded):
            prepare(loaded.spec, report, source=source.path if source else None)


def _loaded(spec: Spec | LoadedSpec | str | Path) -> LoadedSpec:
    if isinstance(spec, LoadedSpec):
        return spec
    if isinstance(spec, Spec):
        text = to_yaml(spec)
        return LoadedSpec(spec, read_text(text, "spec")[0], text)
    return load(spec)


def _blueprint(loaded: LoadedSpec) -> Blueprint:
    spec = loaded.spec
    return Blueprint(
        name=spec.name,
        digest=digest(spec),
        spec=to_yaml(spec),
        source=loaded.source,
        plain=to_plain(spec),
        overrides=loaded.overrides,
        seed=spec.seed,
    )
