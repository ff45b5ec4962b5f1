"""`dnnctl blame`: when training saw an example, and what its loss was."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.replay import DataPlace
from dnnctl.cli.step_progress import StepProgress
from dnnctl.cli.table import format_column, print_table, terminal_width, wrap_text
from dnnctl.errors import shorten
from dnnctl.store.catalog import load_run
from dnnctl.store.files import finite_only
from dnnctl.store.purpose import Wanted
from dnnctl.text import format_count, format_number

if TYPE_CHECKING:
    from dnnctl.commands.blame import Blamed, Judged, Seen

LONGEST = 18
"""The longest name of a class in a table."""


def blame_command(
    run: RunReference = "last",
    rows: Annotated[
        list[int] | None,
        typer.Option(
            "--row", metavar="N", help="A training example: its row in the training split, from 0. Repeatable."
        ),
    ] = None,
    epochs: Annotated[
        list[int] | None,
        typer.Option("--epoch", metavar="E", help="Only this epoch. Repeatable.", show_default="all epochs"),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Train again, to find the loss in each step that saw the example.")
    ] = False,
    overrides: DataPlace = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """List when training saw an example, and its loss with the weights that the run has kept. Changes no run."""
    with failures_reported(as_json=as_json):
        record = load_run(run, runs_dir, Wanted.CHECKPOINT, print_notice)
        from dnnctl.commands.blame import blame

        with StepProgress() as progress:
            options: dict[str, Any] = {"epochs": epochs or [], "rebuild": rebuild, "overrides": overrides or []}
            found = blame(record, list(dict.fromkeys(rows or [])), **options, report=progress.show, notify=progress.say)
        if as_json:
            examples = [asdict(example) for example in found.examples]
            print_json(finite_only({"run": record.id, "approximate": found.approximate, "examples": examples}))
            return
        if found.approximate:
            print_notice(f"the results are approximate: {'; '.join(found.approximate)}")
        for number, example in enumerate(found.examples):
            if number:
                print_text()
            _print(record.id, example)


def _print(run: str, example: Blamed) -> None:
    from dnnctl.commands.named_examples import answer_text

    source = ""
    if example.source != example.row:
        source = f" ({example.source})" if isinstance(example.source, str) else f" (row {example.source} of the source)"
    best = next((each for each in example.judged if each.weights == "best"), None)
    said = f", the best weights predict {_said(best)}" if best else ""
    text = f"{run}, training example {example.row}{source}: label {answer_text(example.target)}{said}"
    print_text(wrap_text(text, terminal_width()))
    if example.judged:
        print_text()
        _print_judged(example.judged)
    print_text()
    _print_seen(example.seen)


def _said(judged: Judged) -> str:
    from dnnctl.commands.named_examples import answer_text

    probability = "" if judged.probability is None else f" ({judged.probability:.0%})"
    return f"{answer_text(judged.predicted)}{probability}"


def _print_judged(judged: list[Judged]) -> None:
    """Print the losses with the weights that are kept."""
    from dnnctl.commands.named_examples import answer_text

    losses = format_column([each.loss for each in judged])
    rows = [
        [each.weights, str(each.epoch), loss, shorten(answer_text(each.predicted), LONGEST)]
        for each, loss in zip(judged, losses, strict=True)
    ]
    header = ["weights", "epoch", "loss", "predicted"]
    if any(each.probability is not None for each in judged):
        header.append("probability")
        rows = [[*row, format_number(each.probability)] for row, each in zip(rows, judged, strict=True)]
    print_table(header, rows, right=["epoch", "loss", "probability"])


def _print_seen(seen: list[Seen]) -> None:
    """Print the steps that saw the example; with their losses if they were rebuilt, otherwise what that would take."""
    if not seen:
        print_text("No step that is on record has seen it.")
        return
    header = ["epoch", "step", "position"]
    rows = [[str(each.epoch), f"{each.step}", str(each.position)] for each in seen]
    if any(each.loss is not None for each in seen):
        losses = format_column([each.loss for each in seen])
        norms = format_column([each.gradient_norm for each in seen])
        rows = [[*row, loss, norm] for row, loss, norm in zip(rows, losses, norms, strict=True)]
        print_table([*header, "loss then", "gradient norm"], rows, right=[*header, "loss then", "gradient norm"])
        return
    rows = [
        [*row, f"{format_count(each.n_steps, 'step')} from {each.checkpoint or 'the start of the run'}"]
        for row, each in zip(rows, seen, strict=True)
    ]
    print_table([*header, "to rebuild its loss (--rebuild)"], rows, right=header)
