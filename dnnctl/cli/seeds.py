"""`dnnctl train --seeds N`: the same spec with N seeds, each in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import typer

from dnnctl.cli.table import print_table
from dnnctl.errors import DivergedError
from dnnctl.specs import LoadedSpec, digest
from dnnctl.store.catalog import list_runs, runs_directory
from dnnctl.store.record import RunRecord
from dnnctl.text import format_number

MAX_SEED = 2**32
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def train_seeds(
    loaded: LoadedSpec, path: Path, n_seeds: int, runs_dir: Path | None, *, quiet: bool, as_json: bool
) -> int:
    """Train with the spec's seed and those after it; returns the exit code.

    A seed that diverges does not keep the others from being trained; any other failure does.
    """
    directory = runs_directory(runs_dir)
    loaded = _with_source(loaded, directory)
    first = loaded.spec.seed
    codes: list[int] = []
    runs: list[RunRecord] = []
    for index in range(n_seeds):
        seed = (first + index) % MAX_SEED
        if not quiet and not as_json:
            typer.echo(f"seed {seed} ({index + 1} of {n_seeds})")
        codes.append(_train_one(loaded, path, seed, directory, quiet=quiet, as_json=as_json))
        runs += _run_of(loaded, seed, directory)
        if codes[-1] not in (0, DivergedError.exit_code):
            break
    if not as_json and not quiet:
        _print(runs)
    return max(codes)


def _with_source(loaded: LoadedSpec, directory: Path) -> LoadedSpec:
    """The spec with the run that it reuses named once for all seeds."""
    from dnnctl.training.reusing import find_source

    resolved, source = find_source(loaded, directory)
    reuse = resolved.spec.model.reuse
    if source is None or reuse == "none":
        return loaded
    return replace(resolved, overrides=(*loaded.overrides, f"model.reuse.run={reuse.run}"))


def _train_one(loaded: LoadedSpec, path: Path, seed: int, directory: Path, *, quiet: bool, as_json: bool) -> int:
    command = [sys.executable, "-m", "dnnctl", "train", str(path), "--runs-dir", str(directory)]
    for override in (*loaded.overrides, f"seed={seed}"):
        command += ["--set", override]
    command += ["--quiet"] * quiet + ["--json"] * as_json
    code = _run_and_forward_signals(command)
    return code if code >= 0 else 128 - code


def _run_and_forward_signals(command: list[str]) -> int:
    """Run a command in a process group of its own, so that a signal to stop reaches it once, and wait for its end."""
    with subprocess.Popen(command, process_group=0) as process:
        heeded = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, lambda n, _: process.send_signal(n)) for number in heeded}
        try:
            return process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _run_of(loaded: LoadedSpec, seed: int, directory: Path) -> list[RunRecord]:
    """The run that a seed has just left, found by its spec's identity."""
    wanted = digest(loaded.spec.model_copy(update={"seed": seed}))
    return [run for run in list_runs(directory) if run.facts.get("spec_digest") == wanted][-1:]


def _print(runs: list[RunRecord]) -> None:
    """The runs' metrics, and over those that finished their mean and standard deviation."""
    values = [_metrics(run) for run in runs]
    names = sorted({name for row in values for name in row})
    rows = [
        [str(run.facts.get("seed")), run.id, str(run.status), *(format_number(row.get(name)) for name in names)]
        for run, row in zip(runs, values, strict=True)
    ]
    finished = [row for row in values if row]
    if len(finished) > 1:
        for label, statistic in (("mean", mean), ("standard deviation", stdev)):
            cells = [format_number(statistic([row[name] for row in finished])) for name in names]
            rows.append(["", label, "", *cells])
    typer.echo("")
    print_table(["seed", "run", "status", *names], rows, right=names)


def _metrics(run: RunRecord) -> dict[str, float]:
    """The metrics on validation and test, `test accuracy` and so on; none before the run has finished."""
    roles = ("validation", "test")
    return {f"{role} {name}": value for role in roles for name, value in (run.summary.get(role) or {}).items()}
