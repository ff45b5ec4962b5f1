"""`dnnctl train --seeds N`: the results of the seeds as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from dnnctl.cli.notice import print_notice
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import print_table
from dnnctl.commands.seeds import train_seeds
from dnnctl.specs import LoadedSpec
from dnnctl.store.record import RunRecord
from dnnctl.text import format_number

Statistic = Callable[[Sequence[float]], float]


def train_and_print_seeds(
    loaded: LoadedSpec, path: Path, n_seeds: int, runs_dir: Path | None, *, quiet: bool, as_json: bool
) -> int:
    """Train the seeds, print their results with mean and standard deviation, and return the exit code."""

    def announce(seed: int, number: int) -> None:
        if not quiet and not as_json:
            print_text(f"seed {seed} ({number} of {n_seeds})")

    options = [*["--quiet"] * quiet, *["--json"] * as_json]
    result = train_seeds(loaded, path, n_seeds, runs_dir, options=options, on_start=announce, notify=print_notice)
    if as_json:
        print_json(as_object(result.runs))
    elif not quiet:
        _print(result.runs)
    return max(result.codes)


def as_object(runs: Sequence[RunRecord]) -> dict[str, Any]:
    """The last line of `--json`: the runs, and the mean and standard deviation over those that finished."""
    return {
        "event": "seeds_ended",
        "runs": [run.id for run in runs],
        "seeds": [run.facts.seed for run in runs],
        "n_finished": len(_finished(runs)),
        "mean": _over_seeds(runs, mean, at_least=1),
        "standard_deviation": _over_seeds(runs, stdev, at_least=2),
    }


def _print(runs: Sequence[RunRecord]) -> None:
    """Print the metrics of each run, and their mean and standard deviation over the finished runs."""
    values = [_metrics(run) for run in runs]
    names = list(dict.fromkeys(name for row in values for name in row))
    rows = [
        [str(run.facts.seed), run.id, str(run.status), *(format_number(row.get(name)) for name in names)]
        for run, row in zip(runs, values, strict=True)
    ]
    if len(_finished(runs)) > 1:
        for label, statistic in (("mean", mean), ("standard deviation", stdev)):
            over = _over_seeds(runs, statistic, at_least=2)
            rows.append(["", label, "", *(format_number(over.get(name)) for name in names)])
    print_text()
    print_table(["seed", "run", "status", *names], rows, right=names)


def _finished(runs: Sequence[RunRecord]) -> list[dict[str, float]]:
    """The metrics of the runs that have finished."""
    return [row for row in map(_metrics, runs) if row]


def _over_seeds(runs: Sequence[RunRecord], statistic: Statistic, *, at_least: int) -> dict[str, float]:
    """A statistic of each metric over the runs that have it.

    Args:
        at_least: the minimum number of values that the statistic needs.
    """
    finished = _finished(runs)
    columns = {name: [row[name] for row in finished if name in row] for row in finished for name in row}
    return {name: statistic(values) for name, values in columns.items() if len(values) >= at_least}


def _metrics(run: RunRecord) -> dict[str, float]:
    """The metrics on validation and test, `test accuracy` and so on; empty until the run has finished."""
    roles = ("validation", "test")
    if run.summary is None:
        return {}
    found = {role: run.summary.measured(role) for role in roles}
    return {f"{role} {name}": value for role in roles for name, value in found[role].items() if value is not None}
