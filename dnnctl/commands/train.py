"""`train`, `resume`, `fork` and the dry run: train a run from a spec or from another run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dnnctl.commands.fork_point import changes_of_spec, choose_checkpoint, lineage
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.runs import Run
from dnnctl.commands.session import faults_located, run_session
from dnnctl.commands.stderr import stderr_to
from dnnctl.errors import RunError
from dnnctl.events.event import Report, Warned, ignore
from dnnctl.specs import LoadedSpec, Spec, digest, load, to_plain, to_yaml
from dnnctl.specs.reading.yaml_reader import read_text
from dnnctl.store.advice import recovery_command
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.catalog import load_run, runs_directory
from dnnctl.store.pretrained import pretrained_copy
from dnnctl.store.purpose import Wanted
from dnnctl.store.record import Status, check_sound, last_end
from dnnctl.store.writer import RunWriter


def train(spec: Spec | LoadedSpec | str | Path, *, runs_dir: str | Path | None = None, report: Report = ignore) -> Run:
    """Train a spec and return the run.

    Args:
        spec: a spec, or the path of a spec file.
        runs_dir: where runs are kept; by default DNNCTL_RUNS_DIR, or `runs`.
        report: called with each event as it happens.

    Raises:
        UserError: the spec, the data or the device cannot be used. No run is created.
        DivergedError: the loss became infinite or NaN.
    """
    loaded, pretrained = find_pretrained(_loaded(spec), runs_dir, lambda text: report(Warned(text)))
    blueprint = make_blueprint(loaded)
    if pretrained is not None:
        blueprint = replace(blueprint, reuse=pretrained.facts(), pretrained=pretrained.path)
    with RunWriter.create(runs_directory(runs_dir), blueprint) as writer:
        run_session(loaded, writer, report, event="started")
        return Run(writer.folder)


def resume(
    reference: str | Path,
    *,
    runs_dir: str | Path | None = None,
    accept_changed_data: bool = False,
    report: Report = ignore,
) -> Run:
    """Resume an interrupted run and return it. The result is bit-identical to that of an uninterrupted run.

    A finished run is returned unchanged. A run without a usable checkpoint starts from scratch.

    Args:
        reference: the run's folder, id, id prefix or name, or `last`.
        runs_dir: where runs are kept; by default DNNCTL_RUNS_DIR, or `runs`.
        accept_changed_data: continue even if the data have changed.
        report: called with each event as it happens.

    Raises:
        UserError: there is no such run, another process is training it, it has diverged, or its data have changed. The
            run is left unchanged.
        DivergedError: the loss became infinite or NaN.
    """
    with RunWriter.open(load_run(reference, runs_dir, Wanted.RESUMABLE)) as writer:
        run = writer.record
        end = last_end(run)
        if end == Status.DIVERGED:
            raise RunError(
                f"{run.id} has diverged and would diverge again if resumed. Change its spec: {recovery_command(run)}"
            )
        if not end.is_complete:
            check_sound(run)
            if run.facts.pruned is not None:
                raise RunError(
                    f"{run.id} is an incomplete pruned run and cannot be resumed. Remove it and prune "
                    f"{run.facts.pruned.run} again."
                )
            loaded = load(run.folder.spec)
            run_session(loaded, writer, report, event="resumed", accept_changed_data=accept_changed_data)
        return Run(writer.folder)


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
        UserError: there is no such run or checkpoint, no epoch is left to train, or the spec describes a different
            network.
        DivergedError: the loss became infinite or NaN.
    """
    parent = load_run(reference, runs_dir, Wanted.CHECKPOINT)
    check_sound(parent)
    loaded = load(parent.folder.spec, overrides)
    changed = changes_of_spec(parent, loaded)
    checkpoint = choose_checkpoint(parent, at, [change.path for change in changed], loaded.spec.training.epochs)
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


def dry_run(
    spec: Spec | LoadedSpec | str | Path, *, runs_dir: str | Path | None = None, report: Report = ignore
) -> None:
    """Load the data and build the model of a spec as `train` does, but do not train or write anything.

    Raises:
        UserError: the spec, the data or the device cannot be used.
    """
    loaded, pretrained = find_pretrained(_loaded(spec), runs_dir, lambda text: report(Warned(text)))
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.engine.memory import memory_errors_explained
        from dnnctl.runner.setup import prepare

        with memory_errors_explained():
            prepare(loaded.spec, report, pretrained=pretrained.path if pretrained else None)


def make_blueprint(loaded: LoadedSpec) -> Blueprint:
    """The blueprint of a run of a spec."""
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


def _loaded(spec: Spec | LoadedSpec | str | Path) -> LoadedSpec:
    if isinstance(spec, LoadedSpec):
        return spec
    if isinstance(spec, Spec):
        text = to_yaml(spec)
        return LoadedSpec(spec, read_text(text, "spec")[0], text)
    return load(spec)
