"""`dnnctl launch`: train with several workers on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Log, Name, Overrides, Quiet, RunsDir, with_log, with_name
from dnnctl.errors import UserError

DISTRIBUTED = "runtime.distribution=multi_worker"


def launch_command(
    spec: Annotated[
        Path | None, typer.Argument(metavar="[SPEC]", help="The spec, a YAML file.", show_default=False)
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, metavar="N", help="The number of processes.")
    ] = 2,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            help="Continue a run instead: its id, name or folder, or `last`.",
            show_default=False,
        ),
    ] = None,
    overrides: Overrides = None,
    name: Name = None,
    log: Log = None,
    runs_dir: RunsDir = None,
    or_resume: Annotated[
        bool,
        typer.Option(
            "--or-resume", help="Continue the newest run of the same spec where it was; train if there is none."
        ),
    ] = False,
    accept_changed_data: Annotated[
        bool, typer.Option("--accept-changed-data", help="With --resume: continue even if the data have changed.")
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train a spec with several workers on this machine, which share the examples of every batch."""
    from dnnctl.commands.launch import launch

    changes = with_log(with_name(overrides, name), log)
    with failures_reported(as_json=as_json):
        if (spec is None) == (resume is None):
            raise UserError("launch needs either a SPEC or --resume RUN.")
        if spec is not None:
            arguments = _train(spec, changes, or_resume=or_resume)
        elif changes or or_resume:
            raise UserError(
                "--resume continues a run with its own spec: --set, --name, --log and --or-resume are for a SPEC."
            )
        else:
            arguments = _resume(str(resume), runs_dir, accept_changed_data=accept_changed_data)
        arguments += ["--runs-dir", str(runs_dir)] if runs_dir else []
        arguments += ["--quiet"] * quiet + ["--json"] * as_json
        raise typer.Exit(launch(arguments, workers))


def _train(spec: Path, changes: list[str], *, or_resume: bool) -> list[str]:
    """The arguments of `train`. Faults of the spec are found here, once."""
    from dnnctl.specs import load

    kind = load(spec, changes).spec.runtime.distribution.kind
    if kind == "mirrored":
        raise UserError(
            f"{spec}: `distribution: mirrored` trains in one process: run `dnnctl train {spec}`, or write multi_worker."
        )
    if kind == "none":
        changes = [*changes, DISTRIBUTED]
        load(spec, changes)
    options = [option for change in changes for option in ("--set", change)]
    return ["train", str(spec), *options, *(["--or-resume"] if or_resume else [])]


def _resume(reference: str, runs_dir: Path | None, *, accept_changed_data: bool) -> list[str]:
    """The arguments of `resume`."""
    from dnnctl.specs import load
    from dnnctl.store.catalog import load_run
    from dnnctl.store.purpose import Wanted

    run = load_run(reference, runs_dir, Wanted.RESUMABLE)
    if load(run.folder.spec).spec.runtime.distribution.kind != "multi_worker":
        raise UserError(f"{run.id} was trained by one process: dnnctl resume {run.path}")
    return ["resume", str(run.path), *(["--accept-changed-data"] if accept_changed_data else [])]
