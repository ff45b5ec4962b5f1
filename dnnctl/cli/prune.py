"""`dnnctl prune`: a sparse model from a trained one."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.options import Json, Name, RunReference, RunsDir
from dnnctl.cli.table import print_table
from dnnctl.text import format_number

if TYPE_CHECKING:
    from dnnctl.commands.prune import Pruning

ROLES = ("validation", "test")


def prune_command(
    run: RunReference = "last",
    threshold: Annotated[
        float | None, typer.Option("--threshold", metavar="T", help="Weights below it in magnitude become zero.")
    ] = None,
    sparsity: Annotated[
        float | None, typer.Option("--sparsity", metavar="SHARE", help="So many of all weights, the smallest ones.")
    ] = None,
    name: Name = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Set the small kernel weights of a run's best model to zero: a new run, measured before and after."""
    with failures_reported(as_json=as_json):
        from dnnctl.commands.prune import prune

        pruned, pruning = prune(run, threshold=threshold, sparsity=sparsity, name=name, runs_dir=runs_dir)
        if as_json:
            typer.echo(json.dumps({"run": pruned.id, "path": str(pruned.path), "pruned": pruning.as_json()}))
            return
        typer.echo(f"{pruning.run}: kernel weights below {pruning.threshold:.3g} are zero")
        _print_layers(pruning)
        for role in ROLES:
            if pruning.before[role]:
                typer.echo(f"{role}: {_change(pruning.before[role], pruning.after[role])}")
        typer.echo(f"run:   {pruned.id}")
        typer.echo(f"next:  dnnctl compare {quote(pruning.run)} {quote(pruned.id)}")


def _print_layers(pruning: Pruning) -> None:
    rows = [
        [layer.name, f"{layer.n:,}", f"{layer.zeros_before / layer.n:.1%}", f"{layer.zeros / layer.n:.1%}"]
        for layer in pruning.layers
    ]
    n, zeros = sum(layer.n for layer in pruning.layers), sum(layer.zeros_before for layer in pruning.layers)
    rows.append(["all", f"{n:,}", f"{zeros / n:.1%}", f"{pruning.sparsity:.1%}"])
    header = ["layer", "weights", "zeros before", "zeros"]
    print_table(header, rows, right=header[1:])


def _change(before: dict[str, float] | None, after: dict[str, float] | None) -> str:
    pairs = [(metric, value, (after or {})[metric]) for metric, value in (before or {}).items()]
    return "  ".join(f"{metric} {format_number(then)} → {format_number(now)}" for metric, then, now in pairs)
