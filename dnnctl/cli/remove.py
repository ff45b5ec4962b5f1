"""`dnnctl remove`: move runs to the trash, restore them, or empty the trash."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dnnctl.cli.choose_runs import choose_runs, one_folder
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Filtered, Json, RunReferences, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.errors import UserError
from dnnctl.store.catalog import distinct, list_runs, runs_directory
from dnnctl.store.metrics import finite, is_less_better
from dnnctl.store.record import RunRecord, Status
from dnnctl.store.trash import find_removed, purge, remove, restore, trash_of
from dnnctl.text import format_count, visible

NOT_CONFIRMED = 1
PAST_TENSE = {"remove": "removed", "restore": "restored", "delete": "deleted"}


def remove_command(
    runs: RunReferences = None,
    runs_dir: RunsDir = None,
    condition: Filtered = None,
    keep_best: Annotated[
        int | None,
        typer.Option("--keep-best", min=1, metavar="N", help="Keep the N best of these runs, or of all finished runs."),
    ] = None,
    is_restoring: Annotated[bool, typer.Option("--restore", help="Move runs back from the trash.")] = False,
    is_purging: Annotated[bool, typer.Option("--purge", help="Delete all runs in the trash permanently.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done without doing it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    as_json: Json = False,
) -> None:
    """Move runs to the trash in the runs directory; --restore moves them back, --purge empties the trash."""
    with failures_reported(as_json=as_json):
        directory = runs_directory(runs_dir)
        if is_restoring and is_purging:
            raise UserError("--restore and --purge cannot be combined.")
        if is_purging and (runs or condition or keep_best):
            raise UserError("--purge empties the whole trash: it takes no runs, no --filter and no --keep-best.")
        if is_restoring and (condition or keep_best):
            raise UserError(
                "--restore takes the names of runs, or none to restore all: it takes no --filter and no --keep-best."
            )
        if is_restoring:
            verb, chosen = "restore", _in_trash(runs, directory)
        elif is_purging:
            verb, chosen = "delete", list_runs(trash_of(directory))
        else:
            verb, chosen = "remove", _to_remove(runs, condition, runs_dir, keep_best)
        if chosen and not dry_run and not is_restoring:
            _confirm(verb, chosen, yes=yes)
        if not dry_run:
            _do(verb, chosen, directory)
        _report(verb, chosen, dry_run=dry_run, as_json=as_json)


def _to_remove(
    runs: Sequence[str] | None, condition: str | None, runs_dir: Path | None, keep_best: int | None
) -> list[RunRecord]:
    """The runs to remove; none of them is being trained."""
    if runs or condition or keep_best is None:
        chosen = choose_runs(runs, condition, runs_dir, one_folder)
    else:
        chosen = [run for run in list_runs(runs_directory(runs_dir)) if run.status.is_complete]
    if keep_best is not None:
        chosen = _all_but_best(chosen, keep_best)
    running = [run.id for run in chosen if run.status is Status.RUNNING]
    if running:
        raise UserError(
            f"Nothing was removed, because some runs are being trained: {', '.join(running)}. Stop them first."
        )
    return chosen


def _all_but_best(runs: list[RunRecord], n: int) -> list[RunRecord]:
    monitors = {run.monitor for run in runs if run.best}
    if len(monitors) > 1:
        raise UserError(
            f"--keep-best: the best epochs of these runs were chosen by different metrics "
            f"({', '.join(sorted(monitors))}). Choose runs with --filter."
        )
    for what, facts in (
        ("losses", {run.summary and run.summary.scaled_loss for run in runs if run.best}),
        ("data or validation examples", {run.facts.data for run in runs if run.best}),
    ):
        if len(facts) > 1:
            raise UserError(
                f"--keep-best: these runs have different {what}, so their metrics cannot be ranked. "
                f"Choose runs with --filter."
            )
    if not monitors:
        return []
    (monitor,) = monitors
    known = [(value, run) for run in runs if (value := finite(run.best.get(monitor))) is not None]
    known.sort(key=lambda pair: pair[0], reverse=not is_less_better(monitor))
    return [run for _, run in known[n:]]


def _in_trash(references: Sequence[str] | None, directory: Path) -> list[RunRecord]:
    if not references:
        return list_runs(trash_of(directory))
    return distinct([find_removed(each, directory) for each in references])


def _confirm(verb: str, runs: Sequence[RunRecord], *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UserError(
            f"This would {verb} {format_count(len(runs), 'run')}. Confirm with --yes, or list them with --dry-run."
        )
    for run in runs:
        print_text(visible(f"  {run.id}  {run.status}"))
    if not typer.confirm(f"{verb.capitalize()} {'these runs' if len(runs) > 1 else 'this run'}?"):
        print_text(f"nothing was {PAST_TENSE[verb]}")
        raise typer.Exit(NOT_CONFIRMED)


def _do(verb: str, runs: Sequence[RunRecord], directory: Path) -> None:
    if verb == "delete":
        purge(directory)
        return
    for run in runs:
        if verb == "remove":
            remove(run)
        else:
            restore(run, directory)


def _report(verb: str, runs: Sequence[RunRecord], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({"action": verb, "done": not dry_run, "runs": [run.id for run in runs]})
        return
    for run in runs:
        print_text(f"{f'would {verb}' if dry_run else PAST_TENSE[verb]} {visible(run.id)}")
    if not runs:
        print_text(f"nothing to {verb}")
    elif verb == "remove" and not dry_run:
        print_text("to undo: dnnctl remove --restore RUN; to delete permanently: dnnctl remove --purge")
