"""The runs that a command is given: by name, or by a condition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dnnctl.cli.notice import print_notice
from dnnctl.errors import UserError
from dnnctl.store.catalog import distinct, list_runs, load_repetitions, load_run, runs_directory
from dnnctl.store.filter import parse_filter
from dnnctl.store.record import RunRecord
from dnnctl.text import format_count


def choose_runs(
    references: Sequence[str] | None, condition: str | None, runs_dir: Path | None, *, with_seeds: bool = False
) -> list[RunRecord]:
    """The runs that are named, or those of the directory for which a condition holds; with both, those named that fit.

    Args:
        with_seeds: whether a name means every finished seed of its recipe, instead of its newest run.

    Raises:
        UserError: there are none.
    """
    if references:
        runs = _named(references, runs_dir, with_seeds=with_seeds)
    elif condition:
        runs = list_runs(runs_directory(runs_dir))
    else:
        raise UserError("Name some runs (`dnnctl list` shows them), or choose them with --filter.")
    if condition:
        n_before = len(runs)
        runs = parse_filter(condition).choose(runs)
        if references and runs:
            fit = "fits" if len(runs) == 1 else "fit"
            print_notice(f"{len(runs)} of the {format_count(n_before, 'named run')} {fit} --filter.")
    if not runs:
        raise UserError(f"No run fits --filter '{condition}'.")
    return runs


def _named(references: Sequence[str], runs_dir: Path | None, *, with_seeds: bool) -> list[RunRecord]:
    if not with_seeds:
        return distinct([load_run(reference, runs_dir, notify=print_notice) for reference in references])
    return distinct([run for each in references for run in load_repetitions(each, runs_dir, print_notice)])
