"""`dnnctl train --seeds N`: the table of what the seeds came to."""

from __future__ import annotations

from pathlib import Path
from statistics import mean, stdev

import typer

from dnnctl.cli.table import print_table
from dnnctl.commands.seeds import train_seeds
from dnnctl.specs import LoadedSpec
from dnnctl.store.record import RunRecord
from dnnctl.text import format_number


def train_and_print_seeds(
    loaded: LoadedSpec, path: Path, n_seeds: int, runs_dir: Path | None, *, quiet: bool, as_json: bool
) -> int:
    """Train the seeds and print a table; returns the exit code."""

    def announce(seed: int, number: int) -> None:
        if not quiet and not as_json:
            typer.echo(f"seed {seed} ({number} of {n_seeds})")

    options = [*["--quiet"] * quiet, *["--json"] * as_json]
    result = train_seeds(loaded, path, n_seeds, runs_dir, options=options, on_start=announce)
    if not as_json and not quiet:
        _print(result.runs)
    return max(result.codes)


def _print(runs: list[RunRecord]) -> None:
    """The runs' metrics, and over those that finished their mean and standard deviation."""
    values = [_metrics(run) for run in runs]
    names = sorted({name for row in values for name in row})
    rows = [
        [str(run.facts.seed), run.id, str(run.status), *(format_number(row.get(name)) for name in names)]
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
    if run.summary is None:
        return {}
    found = {role: run.summary.measured(role) for role in roles}
    return {f"{role} {name}": value for role in roles for name, value in found[role].items() if value is not None}
