"""`dnnctl prune`: a sparse model from a trained one."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, Name, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import print_table
from dnnctl.store.catalog import load_run
from dnnctl.store.json_object import plain
from dnnctl.store.purpose import Wanted
from dnnctl.text import format_number

if TYPE_CHECKING:
    from dnnctl.store.facts import Metrics, PrunedFacts

ROLES = ("validation", "test")


def prune_command(
    run: RunReference = "last",
    threshold: Annotated[
        float | None, typer.Option("--threshold", metavar="T", help="Set weights below T in magnitude to zero.")
    ] = None,
    sparsity: Annotated[
        float | None,
        typer.Option(
            "--sparsity",
            metavar="FRACTION",
            help="Set this fraction of all kernel weights to zero, smallest first.",
        ),
    ] = None,
    name: Name = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Prune a run: set small kernel weights of its best model to zero in a new run, and evaluate both."""
    with failures_reported(as_json=as_json):
        parent = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        from dnnctl.commands.prune import prune

        run_made, pruned = prune(parent.path, threshold=threshold, sparsity=sparsity, name=name, runs_dir=runs_dir)
        if as_json:
            print_json({"run": run_made.id, "path": str(run_made.path), "pruned": plain(pruned)})
            return
        print_text(f"{pruned.run}: kernel weights below {pruned.threshold:.3g} are zero")
        _print_layers(pruned)
        for role in ROLES:
            if pruned.before.get(role):
                print_text(f"{role}: {_change(pruned.before[role], pruned.after[role])}")
        print_text(f"run:   {run_made.id}")
        print_text(f"next:  dnnctl compare {quote(pruned.run)} {quote(run_made.id)}")


def _print_layers(pruned: PrunedFacts) -> None:
    rows = [
        [layer.name, f"{layer.n:,}", f"{layer.zeros_before / layer.n:.1%}", f"{layer.zeros / layer.n:.1%}"]
        for layer in pruned.layers
    ]
    n, zeros = sum(layer.n for layer in pruned.layers), sum(layer.zeros_before for layer in pruned.layers)
    rows.append(["all", f"{n:,}", f"{zeros / n:.1%}", f"{pruned.sparsity:.1%}"])
    header = ["layer", "weights", "zeros before", "zeros after"]
    print_table(header, rows, right=header[1:])


def _change(before: Metrics | None, after: Metrics | None) -> str:
    pairs = [(metric, value, (after or {})[metric]) for metric, value in (before or {}).items()]
    return "  ".join(f"{metric} {format_number(then)} → {format_number(now)}" for metric, then, now in pairs)
