"""A data set in words: sizes, columns, classes, and the baseline."""

from __future__ import annotations

from datetime import date, timedelta

from dnnctl.errors import shorten
from dnnctl.store.column_summary import ColumnSummary
from dnnctl.store.data_facts import ClassFacts, DataDescription
from dnnctl.store.facts import Metrics, Summary
from dnnctl.store.metrics import format_metrics
from dnnctl.text import align, fit_rows, format_count, format_number, format_shape, visible

MOST_CLASSES = 20
MOST_COLUMNS = 60
MOST_CHARACTERS = 24
OUTPUTS = {"classes": "class", "labels": "label", "numbers": "target value"}


def size_line(data: DataDescription) -> str:
    """The number of examples in each split, the shape of an example, and the targets."""
    counts = f"{data.n_train:,} training"
    counts += f", {data.n_validation:,} validation" if data.n_validation else ""
    counts += f", {data.n_test:,} test" if data.n_test else ""
    noun = OUTPUTS[data.task]
    outputs = f"{data.n_outputs} classes" if data.task == "classes" else format_count(data.n_outputs, noun)
    return f"data: {counts} examples of {format_shape(data.input_shape)}, {outputs}"


def detail_lines(data: DataDescription, width: int | None = None) -> list[str]:
    """Tables of the columns and the classes, and the baseline.

    Args:
        width: the characters that a line of the table of columns should have at most; None for no limit.
    """
    lines = _columns(data, width) + _classes(data)
    lines += [baseline_line(role, data.task, metrics) for role, metrics in data.baseline.items()]
    return lines


def baseline_line(role: str, task: str, metrics: Metrics) -> str:
    """The score of the trivial prediction on a split."""
    return f"  baseline, always {trivial_prediction(task)}: {role} {format_metrics(metrics)}"


def trivial_prediction(task: str) -> str:
    """What is predicted for every example."""
    what = {"classes": "the most frequent class", "labels": "the most frequent value of each label"}
    return what.get(task, "the mean")


def measured_baseline(summary: Summary) -> tuple[str, Metrics] | None:
    """The test split, or else validation, and the metrics of the trivial prediction that the run has also measured."""
    role = "test" if "test" in summary.baseline else "validation"
    metrics = summary.baseline.get(role)
    if not metrics:
        return None
    shared = {name: value for name, value in metrics.items() if name in summary.measured(role)}
    return role, shared or metrics


def target_lines(summary: Summary) -> list[str]:
    """The metrics of each of several target numbers, on the split whose result counts."""
    role = summary.result_split
    found = summary.targets.get(role, {})
    names = ["mae", "rmse", "r2"]
    rows = [[visible(name), *(format_number(each.get(key)) for key in names)] for name, each in found.items()]
    if not rows:
        return []
    n_more = len(rows) - MOST_COLUMNS
    more = [f"  … and {format_count(n_more, 'target')} more"] if n_more > 0 else []
    return [
        f"  {line}" for line in align([[f"{role}, by target", *names], *rows[:MOST_COLUMNS]], right={1, 2, 3})
    ] + more


def _columns(data: DataDescription, width: int | None) -> list[str]:
    if not data.columns:
        return []
    header = ["column", "type", "missing", "distinct", "values", "use"]
    rows = [
        [visible(each.name), each.type, *_counts(each), _values(each), each.role]
        for each in data.columns[:MOST_COLUMNS]
    ]
    rows = [header, *rows] if width is None else _fitting([header, *rows], width - 2)
    right = {place for place, name in enumerate(rows[0]) if name in ("missing", "distinct")}
    lines = [f"  {line}" for line in align(rows, right=right)]
    n_more = len(data.columns) - MOST_COLUMNS
    lines += [f"  … and {format_count(n_more, 'column')} more"] if n_more > 0 else []
    return [*lines, *(f"  note: {visible(each.name)}: {each.note}" for each in data.columns if each.note)]


def _fitting(rows: list[list[str]], width: int) -> list[list[str]]:
    """The rows in a width: if names would become equal, without the columns that can be missed most."""
    left_out: set[int] = set()
    n_names = len({row[0] for row in rows})
    for place in (None, 4, 3, 2):
        left_out |= set() if place is None else {place}
        fitting = fit_rows([[cell for at, cell in enumerate(row) if at not in left_out] for row in rows], width)
        if len({row[0] for row in fitting if row[0]}) == n_names:
            break
    return fitting


def _counts(column: ColumnSummary) -> list[str]:
    """The numbers of missing and of distinct values; nothing for a column that was not read."""
    return [f"{column.n_missing:,}", f"{column.n_distinct:,}"] if column.type else ["", ""]


def _values(column: ColumnSummary) -> str:
    """The range of numbers and dates, or the most frequent category."""
    low, high = column.minimum, column.maximum
    if low is None or high is None:
        return shorten(visible(column.example), MOST_CHARACTERS)
    if column.type == "date":
        return f"{_date(low)} to {_date(high)}"
    return f"{low:.6g} to {high:.6g}"


def _date(days: float) -> str:
    """The date that is a number of days after 1970-01-01, or the number if there is no such date."""
    try:
        return (date(1970, 1, 1) + timedelta(days=days)).isoformat()
    except OverflowError:
        return f"{days:.6g} days"


def _classes(data: DataDescription) -> list[str]:
    if not data.classes:
        return []
    splits = [role for role in ("train", "validation", "test") if getattr(data, f"n_{role}")]
    totals = {role: getattr(data, f"n_{role}") for role in splits}
    rows = [["class", *splits], *([visible(each.name), *_shares(each, totals)] for each in data.classes[:MOST_CLASSES])]
    lines = [f"  {line}" for line in align(rows, right={1, 2, 3})]
    n_more = len(data.classes) - MOST_CLASSES
    return [*lines, f"  … and {n_more} more"] if n_more > 0 else lines


def _shares(each: ClassFacts, totals: dict[str, int]) -> list[str]:
    """`120 (10.0 %)` for each split."""
    return [f"{getattr(each, role):,} ({100 * getattr(each, role) / total:.1f} %)" for role, total in totals.items()]
