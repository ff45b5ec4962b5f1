"""`dnnctl export`: the network of a run for another runtime."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.completion import complete_format
from dnnctl.cli.evaluate import AcceptAltered, ChosenWeights, check_weights
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import print_table, terminal_width, wrap_text
from dnnctl.commands.export_formats import FORMATS, choose_format
from dnnctl.commands.parity import TOLERANCE
from dnnctl.store.catalog import load_run
from dnnctl.store.json_object import plain
from dnnctl.store.purpose import Wanted
from dnnctl.store.seal import ALTERED
from dnnctl.text import format_bytes, format_count, format_number

if TYPE_CHECKING:
    from dnnctl.commands.export import Export


def export_command(
    run: RunReference = "last",
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="FORMAT", help=f"The format: {', '.join(FORMATS)}.", autocompletion=complete_format
        ),
    ] = "keras",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="The folder to write.", show_default="the run's name and the format"
        ),
    ] = None,
    quantize: Annotated[
        str | None,
        typer.Option("--quantize", metavar="int8|float16", help="Make the model smaller: for litert and openvino."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=PATH", help="Where the run's data are now, e.g. data.source.path=FILE. Repeatable."
        ),
    ] = None,
    weights: ChosenWeights = "best",
    accept_altered: AcceptAltered = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Export the network of a run for another runtime, and check there that it answers the same."""
    with failures_reported(as_json=as_json):
        chosen = check_weights(weights)
        choose_format(to, quantize)
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        from dnnctl.commands.export import export

        options: dict[str, Any] = {"overrides": overrides or [], "accept_altered": accept_altered}
        report = (lambda _: None) if as_json else print_text
        found = export(record, to, output, quantize=quantize, weights=chosen, force=force, report=report, **options)
        if found.altered:
            print_notice(f"{ALTERED}: {', '.join(found.altered)}.")
        for note in found.notes:
            print_notice(note)
        if as_json:
            files = [str(path.relative_to(found.path)) for path in found.files]
            print_json({"run": record.id, **plain(found.facts), "files": files, "altered": list(found.altered)})
            return
        _print(found)


def _print(found: Export) -> None:
    facts, width = found.facts, terminal_width()
    n_bytes = sum(path.stat().st_size for path in found.files)
    print_text(f"{found.run.id}, {facts.weights} weights")
    print_text(wrap_text(f"checked: {describe_check(found)}", width))
    if facts.quantize is not None:
        names = [name for name in facts.before if name in facts.after]
        rows = [[name, format_number(facts.before[name]), format_number(facts.after[name])] for name in names]
        print_table(["validation", "before", facts.quantize], rows, right=["before", facts.quantize])
    path = found.path.relative_to(Path.cwd()) if found.path.is_relative_to(Path.cwd()) else found.path
    print_text(f"written: {path} ({format_count(len(found.files), 'file')}, {format_bytes(n_bytes)})")
    print_text(f"next:    see {path / 'README.md'}")


def describe_check(found: Export) -> str:
    """The result of the check as a sentence."""
    facts = found.facts
    if facts.format == "weights":
        return f"every value is equal, read by {facts.runtime}"
    changed = "" if facts.changed is None else f", {facts.changed} of {found.n_decisions:,} decisions changed"
    rows = format_count(facts.n_rows, "row")
    is_usual = facts.limit is None or facts.limit == TOLERANCE
    limit = "" if is_usual else f" (the network's own rounding allows {facts.limit:.1e})"
    largest = f"{facts.difference:.1e}"
    if facts.relative is not None and f"{facts.relative:.1e}" != largest:
        largest += f", {facts.relative:.1e} of the largest answer"
    return f"{rows} of the run's data in {facts.runtime}, largest difference {largest}{limit}{changed}"
