"""`dnnctl train`: train a spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.choose_display import choose_display
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Log, Name, Overrides, Quiet, RunsDir, with_log, with_name
from dnnctl.cli.printing import print_text
from dnnctl.cli.resume import print_complete
from dnnctl.errors import UserError

if TYPE_CHECKING:
    from dnnctl.specs import LoadedSpec


def train_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")],
    overrides: Overrides = None,
    name: Name = None,
    log: Log = None,
    runs_dir: RunsDir = None,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, metavar="N", help="Train N runs, each with its own seed.")
    ] = 1,
    folds: Annotated[
        int,
        typer.Option(
            "--folds",
            min=0,
            max=1000,
            metavar="K",
            help="Cross-validation: train K runs, each with its own validation.",
            show_default=False,
        ),
    ] = 0,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, metavar="N", help="Train N seeds or folds at the same time.", show_default=False
        ),
    ] = None,
    or_resume: Annotated[
        bool,
        typer.Option(
            "--or-resume",
            help="Continue the newest run of the same spec where it was; train if there is none.",
        ),
    ] = False,
    quiet: Quiet = False,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Load the data and build the model, but do not train or write anything.")
    ] = False,
) -> None:
    """Train a spec. Metrics, the best model and predictions are written to a new folder in `runs/`."""
    from dnnctl.specs import load

    with failures_reported(as_json=as_json):
        loaded = load(spec, with_log(with_name(overrides, name), log))
        if dry_run:
            _dry_run(loaded, runs_dir, quiet=quiet, as_json=as_json)
        elif seeds > 1 or folds:
            from dnnctl.cli.repetitions import RepetitionOptions, train_and_print

            options = RepetitionOptions(seeds, _checked(folds), workers, or_resume=or_resume)
            raise typer.Exit(train_and_print(loaded, spec, runs_dir, options, quiet=quiet, as_json=as_json))
        elif workers is not None:
            raise UserError("--workers trains several seeds or folds: add --seeds N or --folds K.")
        else:
            _train(loaded, runs_dir, or_resume=or_resume, quiet=quiet, as_json=as_json)


def _checked(folds: int) -> int:
    if folds == 1:
        raise UserError("--folds: cross-validation needs at least 2 folds. Received: 1.")
    return folds


def _train(loaded: LoadedSpec, runs_dir: Path | None, *, or_resume: bool, quiet: bool, as_json: bool) -> None:
    from dnnctl.commands.assist import assist
    from dnnctl.commands.requeue import find_requeued
    from dnnctl.commands.team import is_assistant
    from dnnctl.commands.train import train
    from dnnctl.store.catalog import runs_directory

    run = find_requeued(loaded.spec, runs_directory(runs_dir)) if or_resume else None
    if run is not None and run.status.is_complete:
        print_complete(run, quiet=quiet, as_json=as_json)
    elif is_assistant(loaded.spec):
        with choose_display(quiet=quiet, as_json=as_json) as display:
            assist(loaded, runs_dir, report=display.show)
        return
    else:
        with choose_display(quiet=quiet, as_json=as_json) as display:
            run = train(loaded, runs_dir=runs_dir, or_resume=or_resume, report=display.show)
    if quiet and not as_json:
        print_text(run.id)


def _dry_run(loaded: LoadedSpec, runs_dir: Path | None, *, quiet: bool, as_json: bool) -> None:
    from dnnctl.commands.train import dry_run
    from dnnctl.specs import to_yaml

    is_settled = loaded.spec.training.is_settled
    if is_settled and not quiet and not as_json:
        print_text(to_yaml(loaded.spec))
    with choose_display(quiet=quiet, as_json=as_json) as display:
        spec = dry_run(loaded, runs_dir=runs_dir, report=display.show)
    if not is_settled and not quiet and not as_json:
        print_text(f"\n{to_yaml(spec)}")
    if not quiet and not as_json:
        print_text("dry run: nothing was trained or written")
