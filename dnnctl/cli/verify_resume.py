"""`dnnctl verify-resume`: check that killing and resuming a run does not change a bit of its result."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.text import format_count

if TYPE_CHECKING:
    from dnnctl.commands.verify_resume import Verdict

NOT_EXACT = 1


def verify_resume_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")],
    overrides: Overrides = None,
    kills: Annotated[int, typer.Option("--kills", min=1, help="The number of kills.")] = 5,
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, help="The maximum number of epochs, if the spec has no phases.")
    ] = 3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The seed for the random times of the kills.")] = 0,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Verify that resume is exact: train a spec with and without random kills, and compare every bit."""
    from dnnctl.specs import load
    from dnnctl.specs.reading.spec_file import check_can_be_read_again

    with failures_reported(as_json=as_json):
        overrides = list(overrides or [])
        check_can_be_read_again(spec)
        training = load(spec, overrides).spec.training
        if training.phases == "none":
            overrides += [f"training.epochs={min(training.epochs, epochs)}", "training.budget=none"]
        directory = Path(mkdtemp(prefix="dnnctl-verify-"))
        keeps_runs = False
        try:
            verdict = _verify(spec, overrides, directory, kills, runs_dir, seed=seed, as_json=as_json)
            keeps_runs = bool(verdict.differences)
        finally:
            if not keeps_runs:
                rmtree(directory, ignore_errors=True)
    if keeps_runs:
        raise typer.Exit(NOT_EXACT)


def _verify(
    spec: Path, overrides: list[str], directory: Path, n_kills: int, runs_dir: Path | None, *, seed: int, as_json: bool
) -> Verdict:
    from dnnctl.commands.verify_resume import verify_resume

    def show(line: str) -> None:
        if not as_json:
            print_text(line)

    verdict = verify_resume(spec, overrides, directory, n_kills=n_kills, runs_dir=runs_dir, report=show, seed=seed)
    if as_json:
        print_json(_as_object(verdict))
    else:
        print_text(_in_words(verdict))
    return verdict


def _as_object(verdict: Verdict) -> dict[str, Any]:
    return {
        "exact": not verdict.differences,
        "differences": verdict.differences,
        "kills": [{"epochs": kill.n_epochs, "step": kill.step} for kill in verdict.kills],
        "state": verdict.whole.summary and verdict.whole.summary.state,
        "device": verdict.whole.facts.device and verdict.whole.facts.device.name,
        "versions": verdict.whole.facts.versions,
    }


def _in_words(verdict: Verdict) -> str:
    facts = verdict.whole.facts
    versions, device, compiled = facts.versions, facts.device, facts.compile
    times = format_count(len(verdict.kills), "kill")
    where = f"{device.name if device else '—'}, {compiled.mode if compiled else '—'}"
    where += f", TensorFlow {versions.get('tensorflow')}, Keras {versions.get('keras')}"
    if verdict.differences:
        listed = ", ".join(verdict.differences)
        return f"NOT EXACT: after {times} these differ: {listed} ({where}).\nruns: {verdict.whole.path.parent.parent}"
    return f"exact: after {times}, variables, optimizer, metrics and predictions are bit-identical ({where})"
