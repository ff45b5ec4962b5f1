"""The runs that a command is given: by name, or by a condition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dnnctl.errors import UserError
from dnnctl.store.catalog import list_runs, load_runs, runs_directory
from dnnctl.store.filter import parse_filter
from dnnctl.store.record import RunRecord, check_sound


def choose_runs(references: Sequence[str] | None, condition: str | None, runs_dir: Path | None) -> list[RunRecord]:
    """The runs that are named, or those of the directory that a condition holds for.

    Raises:
        UserError: there are none.
    """
    if references:
        runs = load_runs(references, runs_dir)
    elif condition:
        runs = list_runs(runs_directory(runs_dir))
    else:
        raise UserError("Which runs? Name some (`dnnctl list` shows them), or choose them with --filter.")
    if condition:
        runs = parse_filter(condition).choose(runs)
    if not runs:
        raise UserError(f"No run fits --filter '{condition}'.")
    for run in runs:
        if not run.is_readable:
            check_sound(run)
    return runs
