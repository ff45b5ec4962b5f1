"""Comparison of runs that are named, as from Python."""

from __future__ import annotations

from pathlib import Path

from dnnctl.compare.comparison import Comparison, compare_runs
from dnnctl.errors import UserError
from dnnctl.store.catalog import distinct, load_repetitions
from dnnctl.store.record import RunRecord


def compare(*runs: str | Path | RunRecord, metric: str | None = None, runs_dir: str | Path | None = None) -> Comparison:
    """Compare runs: what differs, their results, and whether these differ significantly.

    Args:
        runs: runs, or their ids, id prefixes, names or folders, or `last`. A name means all seeds of its recipe.
        metric: the metric for verdicts; by default accuracy for classes, mean absolute error for numbers.

    Raises:
        UserError: there is no such run, or none has the metric.
    """
    if not runs:
        raise UserError("compare needs at least one run, for example compare('selu', 'relu').")
    named = [[run] if isinstance(run, RunRecord) else load_repetitions(run, runs_dir) for run in runs]
    return compare_runs(distinct([run for several in named for run in several]), metric)
