"""`dnnctl compare`: runs side by side, and whether their differences are significant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnnctl.cli.choose_runs import choose_runs, compared_runs
from dnnctl.cli.completion import complete_metric
from dnnctl.cli.csv_text import as_csv
from dnnctl.cli.failure import failures_reported
from dnnctl.cli.notice import print_notice
from dnnctl.cli.options import Filtered, Json, RunReferences, RunsDir
from dnnctl.cli.printing import print_drawing, print_json, print_text
from dnnctl.cli.table import format_column, print_table, terminal_width, wrap_text
from dnnctl.errors import UserError
from dnnctl.store.difference import in_words
from dnnctl.store.recipe import repetition
from dnnctl.text import format_seconds, visible

if TYPE_CHECKING:
    from dnnctl.compare.comparison import Comparison, Result
    from dnnctl.compare.group import Group

TIME = "training seconds"
COUNTS = ("parameters", "epochs", "best epoch", TIME)
"""Results that are not metrics."""
MAX_WIDTH = 40
"""The maximum width of a value in the table of differences."""


def compare_command(
    runs: RunReferences = None,
    runs_dir: RunsDir = None,
    condition: Filtered = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="The metric for verdicts and curves.",
            show_default="accuracy or mae",
            autocompletion=complete_metric,
        ),
    ] = None,
    x: Annotated[str, typer.Option("--x", metavar="epoch|time", help="The x axis of the curves.")] = "epoch",
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the results as comma-separated values.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the results as a Markdown table.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a report as HTML.")] = None,
) -> None:
    """Compare runs: what differs, the results, and whether the differences are significant.

    Runs that differ only in their seed form one group. A name means all seeds of its recipe; an id means only that run.
    The name of a sweep means its confirmed or else its best trials.
    """
    with failures_reported(as_json=as_json):
        if x not in ("epoch", "time"):
            raise UserError(f"--x: must be epoch or time. Received: {x}.")
        if as_json + as_csv + as_markdown > 1:
            raise UserError("--json, --csv and --markdown cannot be combined.")
        chosen = choose_runs(runs, condition, runs_dir, compared_runs)
        from dnnctl.compare.comparison import compare_runs

        comparison = compare_runs(chosen, metric)
        if html is not None:
            from dnnctl.cli.report import write_report

            write_report(compare_runs(chosen, metric, by_name=True), html)
            print_notice(f"report: {html}")
        if as_json:
            print_json(comparison.as_object(), indent=2)
        elif as_csv:
            print_text(_as_csv(comparison).rstrip("\n"))
        elif as_markdown:
            print_text(_as_markdown(comparison))
        else:
            _print(comparison, x)


def _print(comparison: Comparison, x: str) -> None:
    labels = [group.label for group in comparison.groups]
    for group in comparison.groups:
        _print_group(group)
    if len(labels) > 1:
        _title("what differs")
        rows = [[each.path, *(_cut(in_words(value)) for value in each.values)] for each in comparison.differences]
        print_table(["", *labels], rows or [["nothing in the spec", *([""] * len(labels))]])
    _title("results")
    header, rows = _result_table(comparison)
    print_table(header, rows, right=header[1:])
    if comparison.verdicts:
        _title("verdict")
        if comparison.best:
            _say(comparison.best)
        for verdict in comparison.verdicts:
            _say(str(verdict))
    for note in comparison.notes:
        _say(f"note: {note}")
    _print_curves(comparison, x)


def _print_group(group: Group) -> None:
    """Print the runs of a group; of several their name and what distinguishes them."""
    indent = f"{group.label}  "
    if len(group.runs) > 1:
        listed = ", ".join(map(str, map(repetition, group.runs)))
        line = f"{indent}{len(group.runs)} runs of {group.first.name}: {listed}"
        print_text(wrap_text(line, terminal_width(), indent=len(indent)))
        indent = " " * len(indent)
    for run in group.runs:
        tags = f"  {', '.join(run.labels.tags)}" if run.labels.tags else ""
        print_text(visible(f"{indent}{run.id}  {run.status}{tags}"))


def _say(text: str) -> None:
    """Print a sentence, wrapped to the width of the terminal."""
    print_text(wrap_text(text, terminal_width()))


def _title(text: str) -> None:
    print_text()
    print_text(text, bold=True)


def _print_curves(comparison: Comparison, x: str) -> None:
    from dnnctl.commands.curves import draw_curves

    rows = {group.label: group.first.curve for group in comparison.groups if group.first.curve}
    names = [f"val_{comparison.metric}", comparison.metric, "val_loss", "loss"]
    name = next((name for name in names if any(name in each[-1] for each in rows.values())), None)
    if name is not None:
        print_text()
        print_drawing(draw_curves(rows, name, over=x))


def _result_table(comparison: Comparison, best_mark: str = "*") -> tuple[list[str], list[list[str]]]:
    """The results as text. If there are two groups, the last column is their difference."""
    labels = [group.label for group in comparison.groups]
    has_difference = len(labels) == 2
    header = ["", *labels, *(["b - a"] if has_difference else [])]
    rows = []
    for result in comparison.results:
        cells = [cell + (best_mark if result.best == place else "") for place, cell in enumerate(_cells_of(result))]
        rows.append([result.name, *cells, *([_difference(result)] if has_difference else [])])
    return header, rows


def _cells_of(result: Result) -> list[str]:
    """The value of each group, or the mean and standard deviation of several values; all in one notation."""
    means = [spread.mean for spread in result.spreads]
    deviations = [spread.deviation for spread in result.spreads]
    texts = _in_one_notation(result.name, [*means, *deviations])
    cells = []
    for spread, mean, deviation in zip(result.spreads, texts, texts[len(means) :], strict=False):
        cells.append(mean if spread.deviation is None else f"{mean} ± {deviation} (n {len(spread.values)})")
    return cells


def _in_one_notation(name: str, values: Sequence[float | None]) -> list[str]:
    """The values of one result: times, counts with the same number of decimal places, or metrics.

    The means decide the notation: a small standard deviation does not switch the row to exponents.
    """
    if name == TIME:
        return ["—" if value is None else format_seconds(value) for value in values]
    if name in COUNTS:
        places = 0 if all(value is None or value == int(value) for value in values) else 1
        return ["—" if value is None else f"{value:,.{places}f}" for value in values]
    means = values[: (len(values) + 1) // 2]
    if any("e" in text for text in format_column(means)):
        return ["—" if value is None else f"{value:.3e}" for value in values]
    return ["—" if value is None else f"{value:.4f}" for value in values]


def _difference(result: Result) -> str:
    """The difference b - a, in the same notation as the two values."""
    a, b = (spread.mean for spread in result.spreads)
    if a is None or b is None or not result.is_comparable:
        return ""
    if a == b:
        return "0"
    amount = _in_one_notation(result.name, [a, b, abs(b - a), None])[2]
    return f"{'+' if b > a else '-'}{amount}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_WIDTH else f"{text[: MAX_WIDTH - 1]}…"


def _as_csv(comparison: Comparison) -> str:
    rows: list[list[Any]] = [["result", "group", "runs", "n", "mean", "standard_deviation"]]
    for result in comparison.results:
        for group, spread in zip(comparison.groups, result.spreads, strict=True):
            ids = " ".join(run.id for run in group.runs)
            rows.append([result.name, group.label, ids, len(spread.values), spread.mean, spread.deviation])
    return as_csv(rows)


def _as_markdown(comparison: Comparison) -> str:
    header, rows = _result_table(comparison, best_mark=" **best**")
    ids = {group.label: [f"`{visible(run.id)}`" for run in group.runs] for group in comparison.groups}
    legend = [f"- {label}: {', '.join(listed)}" for label, listed in ids.items()]
    labels = [group.label for group in comparison.groups]
    differing = [[each.path, *map(in_words, each.values)] for each in comparison.differences]
    verdicts = [comparison.best] if comparison.best else []
    verdicts += [str(verdict) for verdict in comparison.verdicts] + [f"note: {note}" for note in comparison.notes]
    tables = [_table(["spec", *labels], differing)] if differing else []
    conclusions = "\n".join(f"- {visible(verdict)}" for verdict in verdicts)
    return "\n\n".join(["\n".join(legend), *tables, _table(["result", *header[1:]], rows), conclusions])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(visible(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)
