"""`dnnctl sweep`: many trials of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.completion import complete_objective, complete_varied
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Overrides, RunsDir
from dnnctl.cli.printing import print_json, print_text

if TYPE_CHECKING:
    from dnnctl.commands.sweep_result import SweepResult
    from dnnctl.specs.reading.load_sweep import LoadedSweep

SHOWN = 10
"""The number of trials in the table at the end."""


def sweep_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file of the sweep; with --vary, that of the spec to vary.")
    ],
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="KEY=VALUES",
            help="Vary a key of the spec: KEY=[a,b], KEY=linear(from,to) or KEY=log(from,to). Repeatable.",
            autocompletion=complete_varied,
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="KIND", help="grid, random, sobol, tpe or cma_es.", show_default="random"),
    ] = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, metavar="N", help="The number of trials.")] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            "--objective",
            metavar="METRIC",
            help="What a setting is judged by.",
            show_default="val_loss",
            autocompletion=complete_objective,
        ),
    ] = None,
    prune: Annotated[
        str | None,
        typer.Option("--prune", metavar="KIND", help="Stop bad trials early: median or hyperband."),
    ] = None,
    confirm: Annotated[
        int | None,
        typer.Option("--confirm", min=2, metavar="N", help="Train the 3 best settings again with N fresh seeds."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, metavar="N", help="The number of processes.", show_default="one a core"),
    ] = None,
    overrides: Overrides = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The name of the sweep.", show_default="the file's")
    ] = None,
    runs_dir: RunsDir = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FILE", help="Write the best spec to a file at the end.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and print the settings, but do not train.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the id of the best run at the end.")] = False,
    as_json: Json = False,
) -> None:
    """Train a spec with many settings, and say which is best. The same command again continues where it stopped.

    Each trial is a run. `dnnctl show NAME` shows the sweep, `dnnctl list --sweep NAME` its runs.
    """
    with failures_reported(as_json=as_json):
        from dnnctl.specs.reading.load_sweep import load_sweep

        given = {
            "name": name,
            "search": search,
            "search.trials": trials,
            "objective": None if objective is None else {"metric": objective},
            "prune": prune,
            "confirm": None if confirm is None else {"seeds": confirm},
            "workers": workers,
        }
        changes = {key: value for key, value in given.items() if value is not None}
        loaded = load_sweep(file, vary=vary or (), overrides=overrides or (), changes=changes)
        if dry_run:
            _dry_run(loaded, as_json=as_json)
        else:
            _train(loaded, runs_dir, write, quiet=quiet, as_json=as_json)


def _train(loaded: LoadedSweep, runs_dir: Path | None, write: Path | None, *, quiet: bool, as_json: bool) -> None:
    from dnnctl.cli.sweep_display import choose_sweep_display
    from dnnctl.commands.sweep import sweep
    from dnnctl.commands.sweep_result import write_best

    with choose_sweep_display(quiet=quiet, as_json=as_json) as display:
        result = sweep(loaded, runs_dir=runs_dir, report=display.show, notify=display.notify)
    if write is not None:
        write_best(loaded, result, write)
    if quiet and not as_json:
        print_text("\n".join(trial.run.id for trial in result.best[:1]))
    elif not as_json:
        _print(result, write)


def _print(result: SweepResult, write: Path | None) -> None:
    from dnnctl.cli.sweep_table import print_claim, print_trials

    print_text()
    print_trials(result, limit=SHOWN)
    if result.claim is not None:
        print_claim(result.claim)
    if write is not None:
        print_text(f"wrote {write}")
    print_text(f"next:  dnnctl show {result.name}")


def _dry_run(loaded: LoadedSweep, *, as_json: bool) -> None:
    from dnnctl.cli.table import print_table
    from dnnctl.commands.sweep import planned_trials
    from dnnctl.events.sweep_wording import short_names
    from dnnctl.store.difference import in_words

    settings = planned_trials(loaded)
    if as_json:
        for number, setting in enumerate(settings, 1):
            print_json({"event": "trial_planned", "trial": number, "setting": setting})
        return
    names = short_names(settings[0]) if settings else {}
    rows = [
        [str(number), *(in_words(value) for value in setting.values())] for number, setting in enumerate(settings, 1)
    ]
    header = ["trial", *names.values()]
    print_table(header, rows, right=header)
    rest = _rest(loaded, len(settings))
    print_text(f"dry run: {rest}nothing was trained or written")


def _rest(loaded: LoadedSweep, n_known: int) -> str:
    """The number of settings that are not known yet, in words."""
    n = loaded.sweep.n_trials or n_known
    return f"the other {n - n_known} settings depend on the results; " if n > n_known else ""
