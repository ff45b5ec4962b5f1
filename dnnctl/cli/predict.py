"""`dnnctl predict`: the predictions of a trained run for new inputs."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.evaluate import AcceptAltered, ChosenWeights, McSamples, check_weights
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.prediction_file import check_output, csv_lines, json_lines, write_predictions
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.table import print_table
from dnnctl.store.catalog import load_run
from dnnctl.store.purpose import Wanted
from dnnctl.store.seal import ALTERED
from dnnctl.text import format_count, format_number

if TYPE_CHECKING:
    from dnnctl.commands.predict import Prediction

LARGE, HUGE = 1e5, 1e12
"""Between these, a predicted number is printed with two decimal places, such as a price."""
FIRST_ROWS = 20
"""The number of rows that are shown on a terminal."""


def predict_command(
    run: RunReference,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="A table (.csv, .tsv, .parquet, .arrow), arrays (.npy, .npz), JSON lines (.jsonl, or - for standard "
            "input), TFRecord (.tfrecord), or images: files, folders, patterns.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file to write: .csv, .parquet, .jsonl or .npz.",
            show_default="the first rows on a terminal, CSV in a pipe",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="COLUMNS", help="Columns of the input to write along, e.g. id,name. Repeatable."
        ),
    ] = None,
    mc_samples: McSamples = 0,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Add the three columns of a table that moved each prediction most."),
    ] = False,
    weights: ChosenWeights = "best",
    accept_altered: AcceptAltered = False,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Predict for new inputs of the kind that the run was trained on: names of classes, or numbers in their unit."""
    with failures_reported(as_json=as_json):
        chosen = check_weights(weights)
        if output is not None:
            check_output(output, inputs=inputs, force=force)
        record = load_run(run, runs_dir, Wanted.MODEL, print_notice)
        from dnnctl.commands.predict import open_prediction

        columns = [name for names in keep or [] for name in names.split(",") if name]
        options: dict[str, Any] = {"weights": chosen, "mc_samples": mc_samples, "accept_altered": accept_altered}
        found = open_prediction(record, inputs, keep=columns, explain=explain, **options)
        if found.altered:
            print_notice(f"{ALTERED}: {', '.join(found.altered)}.")
        if output is not None:
            write_predictions(output, found.batches())
            _print_written(found, output, as_json=as_json)
        elif as_json:
            _print_parts(json_lines(found.batches()))
        elif sys.stdout.isatty():
            _print_first(found)
        else:
            _print_parts(csv_lines(found.batches()))
        for note in found.notes():
            print_notice(*note.split("\n"))


def _print_parts(parts: Any) -> None:
    for part in parts:
        print_text(part.removesuffix("\n"))


def _print_written(found: Prediction, output: Path, *, as_json: bool) -> None:
    if as_json:
        facts = {"run": found.run.id, "output": str(output), "n": found.n_rows, "columns": found.names}
        print_json({**facts, "altered": list(found.altered), "notes": found.notes()})
        return
    print_text(f"written: {output} ({format_count(found.n_rows, 'row')}: {', '.join(found.names)})")


def _print_first(found: Prediction) -> None:
    """Print the first rows as a table."""
    batches = found.batches()
    batch = next(batches)
    next(batches, None)  # counts its rows, too
    rows = list(islice(zip(*batch.values(), strict=True), FIRST_ROWS))
    is_number = {name: not isinstance(value, str) for name, value in zip(batch, rows[0], strict=True)}
    print_table(
        list(batch), [list(map(_as_cell, row)) for row in rows], right=[name for name in batch if is_number[name]]
    )
    if found.n_rows > FIRST_ROWS:
        print_text(f"These are the first {FIRST_ROWS} rows. Write all with -o FILE, or into a pipe.")


def _as_cell(value: Any) -> str:
    if value is None:
        return "—"
    is_float = isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"
    if not is_float:
        return str(value)
    return f"{value:.2f}" if LARGE <= abs(value) < HUGE else format_number(float(value))
