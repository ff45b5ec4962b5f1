"""`dnnctl verify-resume`: kill a training and see whether it ends in the same bits."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides, RunsDir

if TYPE_CHECKING:
    from dnnctl.commands.verify_resume import Verdict

NOT_EXACT = 1


def verify_resume_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")],
    overrides: Overrides = None,
    kills: Annotated[int, typer.Option("--kills", min=1, help="How often training is killed.")] = 5,
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="Train at most so many epochs, where there are no phases.")
    ] = 3,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Train a spec twice, once killed at random instants and resumed, and compare the bits: on this machine."""
    from dnnctl.specs import load

    with failures_reported(as_json=as_json):
        overrides = list(overrides or [])
        training = load(spec, overrides).spec.training
        if training.phases == "none":
            overrides.append(f"training.epochs={min(training.epochs, epochs)}")
        directory = Path(mkdtemp(prefix="dnnctl-verify-"))
        is_to_be_kept = False
        try:
            verdict = _verify(spec, overrides, directory, kills, runs_dir, as_json=as_json)
            is_to_be_kept = bool(verdict.differences)
        finally:
            if not is_to_be_kept:
                rmtree(directory, ignore_errors=True)
    if is_to_be_kept:
        raise typer.Exit(NOT_EXACT)


def _verify(
    spec: Path, overrides: list[str], directory: Path, n_kills: int, runs_dir: Path | None, *, as_json: bool
) -> Verdict:
    from dnnctl.commands.verify_resume import verify_resume

    def tell(line: str) -> None:
        if not as_json:
            typer.echo(line)

    verdict = verify_resume(spec, overrides, directory, n_kills=n_kills, runs_dir=runs_dir, tell=tell)
    typer.echo(json.dumps(_as_object(verdict)) if as_json else _in_words(verdict))
    return verdict


def _as_object(verdict: Verdict) -> dict[str, Any]:
    return {
        "exact": not verdict.differences,
        "differences": verdict.differences,
        "kills": [{"epochs": kill.n_epochs, "step": kill.step} for kill in verdict.kills],
        "state": verdict.whole.summary["state"],
        "device": verdict.whole.summary["device"],
        "versions": verdict.whole.facts["versions"],
    }


def _in_words(verdict: Verdict) -> str:
    summary, versions = verdict.whole.summary, verdict.whole.facts["versions"]
    times = f"{len(verdict.kills)} kill{'s' * (len(verdict.kills) != 1)}"
    where = f"{summary['device']}, {summary['compile']}, TensorFlow {versions['tensorflow']}, Keras {versions['keras']}"
    if verdict.differences:
        listed = ", ".join(verdict.differences)
        return f"NOT EXACT: after {times} these differ: {listed} ({where}).\nruns: {verdict.whole.path.parent.parent}"
    return f"exact: after {times} the same variables, optimizer, metrics and predictions to the bit ({where})"
