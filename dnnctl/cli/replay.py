"""`dnnctl replay`: a step of a run, rebuilt."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Json, RunReference, RunsDir
from dnnctl.cli.printing import print_json, print_text
from dnnctl.cli.step_progress import StepProgress
from dnnctl.cli.table import format_column, print_table, terminal_width, wrap_text
from dnnctl.errors import UserError, shorten
from dnnctl.store.catalog import load_run
from dnnctl.store.files import finite_only
from dnnctl.store.metrics import format_metrics
from dnnctl.store.purpose import Wanted
from dnnctl.text import format_count, format_number

if TYPE_CHECKING:
    from dnnctl.commands.named_examples import Answer
    from dnnctl.commands.replay import Replayed, ReplayedExample

N_SHOWN = 10
"""The number of examples in the table."""
LONGEST = 18
"""The longest name of a class in the table."""
DataPlace = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=PATH", help="Where the run's data are now, e.g. data.source.path=FILE. Repeatable."
    ),
]


def replay_command(
    run: RunReference = "last",
    step: Annotated[
        int | None, typer.Option("--step", metavar="N", help="The step, from 1, counted from the start of the run.")
    ] = None,
    spike: Annotated[bool, typer.Option("--spike", help="Find the step whose loss jumped most.")] = False,
    epoch: Annotated[
        int | None,
        typer.Option(
            "--epoch",
            metavar="E",
            help="Where --spike looks.",
            show_default="the epoch whose loss rose most",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with all examples, and their images.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Write the weights before and after the step: FILE.npz, or a folder for two .keras files.",
        ),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, metavar="N", help="The number of examples to print.")] = N_SHOWN,
    overrides: DataPlace = None,
    runs_dir: RunsDir = None,
    as_json: Json = False,
) -> None:
    """Rebuild a step of a run: its weights before and after, its batch, and what each example did. Changes no run."""
    with failures_reported(as_json=as_json):
        if html is not None:
            _check_page(html)
        record = load_run(run, runs_dir, Wanted.CHECKPOINT, print_notice)
        from dnnctl.commands.replay import replay

        with StepProgress() as progress:
            options: dict[str, Any] = {"spike": spike, "epoch": epoch, "output": output, "overrides": overrides or []}
            found = replay(record, step, **options, report=progress.show, notify=progress.say)
        for damage in found.damaged:
            print_notice(f"skipped a damaged checkpoint: {damage}")
        if html is not None:
            _write_page(found, html)
        if as_json:
            print_json(finite_only(as_object(found)))
            return
        _print(found, top)
        for what, path in (("page", html), ("weights", output)):
            if path is not None:
                print_text(f"{what + ':':<8} {path}")


def as_object(found: Replayed) -> dict[str, Any]:
    """Everything about the step, without its weights."""
    step, seen, spike = found.step, found.step.examination, found.spike
    return {
        "run": found.run.id,
        "step": step.step,
        "stage": step.stage.kind,
        "stage_number": step.stage.number,
        "epoch": step.epoch,
        "step_of_epoch": step.step_of_epoch,
        "steps_per_epoch": step.steps_per_epoch,
        "checkpoint": found.start.checkpoint,
        "steps_trained": found.n_trained,
        "exact": not found.approximate,
        "approximate": found.approximate,
        "learning_rate": step.learning_rate,
        "metrics": step.metrics,
        "gradient_norm": None if seen is None else seen.gradient_norm,
        "update_norm": step.update_norm,
        "update_norms": step.update_norms,
        "spike": None
        if spike is None
        else {"epoch": spike.epoch, "loss": spike.loss, "median": spike.median, "losses": spike.losses.tolist()},
        "examples": [vars(example) for example in found.examples],
    }


def _print(found: Replayed, top: int) -> None:
    width = terminal_width()
    print_text(wrap_text(f"{found.run.id}, {_title(found)}", width))
    for name, text in _facts(found):
        print_text(f"{name + ':':<10} {wrap_text(text, width, indent=11)}")
    print_text()
    shown = found.examples[:top]
    header, rows = _rows(found, shown)
    print_table(header, rows, right=[name for name in header if name not in ("label", "predicted", "file")])
    if len(shown) < len(found.examples):
        print_text(
            f"… and {format_count(len(found.examples) - len(shown), 'example')} with a lower loss (--top, --html)"
        )


def _title(found: Replayed) -> str:
    step = found.step
    stage = "" if step.stage.kind == "phase" else f" of {step.stage.kind} part {step.stage.number}"
    return f"step {step.step:,}: step {step.step_of_epoch:,} of {step.steps_per_epoch:,} in epoch {step.epoch}{stage}"


def _facts(found: Replayed) -> list[tuple[str, str]]:
    """What is known about the step, by name."""
    step, seen, spike = found.step, found.step.examination, found.spike
    start = found.start.checkpoint or "the start of the run"
    exactness = f"approximate: {'; '.join(found.approximate)}" if found.approximate else "exact, to the bit"
    facts = [("rebuilt", f"from {start}, {format_count(found.n_trained, 'step')} trained again; {exactness}")]
    if spike is not None:
        loss = f"loss {format_number(spike.loss)}" if isfinite(spike.loss) else "the loss is infinite or NaN"
        text = f"{loss}, the median of the steps before is {format_number(spike.median)}"
        facts.append(("spike", f"{text} (largest jump in epoch {spike.epoch})"))
    facts.append(("batch", f"{format_count(len(found.examples), 'example')}: {format_metrics(step.metrics)}"))
    norm = "" if seen is None else f", gradient norm {format_number(seen.gradient_norm)} before clipping"
    facts.append(
        ("update", f"learning rate {step.learning_rate:.4g}{norm}, update norm {format_number(step.update_norm)}")
    )
    return facts


def _rows(found: Replayed, examples: list[ReplayedExample]) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of the table of examples; columns that say nothing are left out."""
    from dnnctl.commands.named_examples import answer_text

    def short(answer: Answer | None) -> str:
        return shorten(answer_text(answer), LONGEST)

    columns = {"row": [f"{each.row}" for each in examples]}
    if any(each.source != each.row for each in found.examples):
        name = "file" if isinstance(found.examples[0].source, str) else "source row"
        columns[name] = [str(each.source) for each in examples]
    if found.examples[0].target is not None:
        columns["label"] = [short(each.target) for each in examples]
        columns["predicted"] = [short(each.predicted) for each in examples]
    if found.examples[0].probability is not None:
        columns["probability"] = [format_number(each.probability) for each in examples]
    if found.examples[0].loss is not None:
        columns["loss"] = format_column([each.loss for each in examples])
        columns["gradient norm"] = format_column([each.gradient_norm for each in examples])
    if found.examples[0].share is not None:
        columns["own share"] = [format_number(each.share) for each in examples]
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _check_page(path: Path) -> None:
    """Check that a page can be written, before anything is trained."""
    if path.is_dir():
        raise UserError(f"--html {path}: it is a folder. Name a file.")
    if not path.absolute().parent.is_dir():
        raise UserError(f"--html {path}: there is no folder {path.absolute().parent}.")


def _write_page(found: Replayed, path: Path) -> None:
    """Write the page of a step.

    Raises:
        UserError: the file cannot be written.
    """
    from dnnctl.compare.report.page_step import build_step_page
    from dnnctl.data.tables.decode import decode

    header, rows = _rows(found, found.examples)
    encoding = found.encoding
    if encoding is not None:
        decoded = [decode(encoding, found.raw[each.position - 1]) for each in found.examples]
        header += [column.name for column in encoding.columns]
        rows = [[*row, *values.values()] for row, values in zip(rows, decoded, strict=True)]
    title = f"{found.run.id}, {_title(found)}"
    page = build_step_page(title, _facts(found), _cards(found), header, rows)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from None


def _cards(found: Replayed) -> list[Any]:
    """The examples with their images, highest loss first; empty if they are not images."""
    from dnnctl.commands.named_examples import answer_text
    from dnnctl.compare.report.page_step import Card
    from dnnctl.compare.report.picture import data_url, is_picture

    if not is_picture(found.raw.shape[1:]):
        return []
    seen = found.step.examination
    is_augmented = seen is not None and found.is_augmented
    cards = []
    for each in found.examples:
        place = each.position - 1
        pictures = [data_url(found.raw[place])]
        if seen is not None and is_augmented:
            pictures.append(data_url(seen.inputs[place]))
        lines = [] if each.loss is None else [f"loss {format_number(each.loss)}"]
        lines += [] if each.gradient_norm is None else [f"gradient norm {format_number(each.gradient_norm)}"]
        if each.target is not None:
            lines += [f"label: {answer_text(each.target)}", f"predicted: {answer_text(each.predicted)}"]
        cards.append(Card(f"row {each.row}", lines, pictures))
    return cards
