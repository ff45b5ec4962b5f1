"""`train` and its dry run: a spec in, a run out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from dnnctl.commands.budget import check_settled, settle_budget
from dnnctl.commands.pretrained import find_pretrained
from dnnctl.commands.requeue import opened_or_created
from dnnctl.commands.resume import continue_run
from dnnctl.commands.runs import Run
from dnnctl.commands.session import faults_located, run_session
from dnnctl.commands.stderr import stderr_to
from dnnctl.events.event import Report, Warned, ignore
from dnnctl.specs import LoadedSpec, Spec, digest, load, to_plain, to_yaml
from dnnctl.specs.reading.yaml_reader import read_text
from dnnctl.store.blueprint import Blueprint
from dnnctl.store.catalog import Notify, runs_directory
from dnnctl.store.facts import TrialFacts
from dnnctl.store.writer import RunWriter

AnySpec = Spec | LoadedSpec | str | Path | Mapping[str, Any]


def train(
    spec: AnySpec, *, runs_dir: str | Path | None = None, or_resume: bool = False, report: Report = ignore
) -> Run:
    """Train a spec and return the run.

    Args:
        spec: a spec, the path of a spec file, or a mapping with the contents of one.
        runs_dir: where runs are kept; by default DNNCTL_RUNS_DIR, or `runs`.
        or_resume: continue the newest run of the same spec; if it is finished, return it unchanged. Without one, train.
        report: called with each event as it happens.

    Raises:
        UserError: the spec, the data or the device cannot be used. No run is created. With `or_resume`, another process
            trains the run.
        DivergedError: the loss became infinite or NaN.
    """
    started = perf_counter()
    loaded, directory = as_loaded(spec), runs_directory(runs_dir)

    def plan() -> tuple[LoadedSpec, Blueprint]:
        settled = settle_budget(loaded, runs_dir, report, started=started)
        return plan_run(settled, runs_dir, lambda text: report(Warned(text)))

    if or_resume:
        with opened_or_created(loaded.spec, directory, plan) as (writer, new):
            if new is None:
                continue_run(writer, report)
            else:
                run_session(new, writer, report, event="started")
            return Run(writer.folder)
    planned, blueprint = plan()
    with RunWriter.create(directory, blueprint) as writer:
        run_session(planned, writer, report, event="started")
        return Run(writer.folder)


def dry_run(spec: AnySpec, *, runs_dir: str | Path | None = None, report: Report = ignore) -> Spec:
    """Load the data and build the model of a spec as `train` does, but do not train or write anything.

    Returns the spec that would be trained, with the number of epochs that fits into its budget now.

    Raises:
        UserError: the spec, the data or the device cannot be used.
    """
    spec = settle_budget(as_loaded(spec), runs_dir, report)
    loaded, pretrained = find_pretrained(as_loaded(spec), runs_dir, lambda text: report(Warned(text)))
    with stderr_to(os.devnull), faults_located(loaded):
        from dnnctl.engine.memory import memory_errors_explained
        from dnnctl.runner.setup import prepare

        with memory_errors_explained():
            prepare(loaded.spec, report, pretrained=pretrained.path if pretrained else None)
    return loaded.spec


def create_run(loaded: LoadedSpec, runs_dir: Path, notify: Notify, *, trial: TrialFacts | None = None) -> Path:
    """The folder of a new run that another process trains.

    Raises:
        UserError: the spec cannot be used. No run is created.
    """
    check_settled(loaded, "a worker")
    _, blueprint = plan_run(loaded, runs_dir, notify)
    with RunWriter.create(runs_dir, replace(blueprint, trial=trial)) as writer:
        return writer.folder.path


def plan_run(loaded: LoadedSpec, runs_dir: str | Path | None, notify: Notify) -> tuple[LoadedSpec, Blueprint]:
    """A spec with the id of the run that it reuses, and the blueprint of a run of it."""
    loaded, pretrained = find_pretrained(loaded, runs_dir, notify)
    blueprint = make_blueprint(loaded)
    if pretrained is not None:
        blueprint = replace(blueprint, reuse=pretrained.facts(), pretrained=pretrained.path)
    return loaded, blueprint


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


def as_loaded(spec: AnySpec) -> LoadedSpec:
    """A spec with its text, however it was given."""
    if isinstance(spec, LoadedSpec):
        return spec
    if isinstance(spec, Spec):
        text = to_yaml(spec)
        return LoadedSpec(spec, read_text(text, "spec")[0], text)
    return load(spec)
