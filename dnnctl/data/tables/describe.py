"""What there is to know about each column of a table, for the table that is printed before training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from dnnctl.data.tables.column import Column
from dnnctl.data.tables.target import Target
from dnnctl.errors import shorten
from dnnctl.store.column_summary import ColumnSummary
from dnnctl.store.encoding import ColumnEncoding

LONGEST_EXAMPLE = 20
SCALED = {"auto": "standardized", "standardize": "standardized", "unit": "scaled to 0…1", "none": "as it is"}


def summarize(column: Column, role: str) -> ColumnSummary:
    """One column, and what it is used for."""
    present = column.values[~column.is_missing]
    found = ColumnSummary(column.name, column.kind, role, len(column) - len(present), note=column.note)
    if not len(present):
        return found
    values, counts = np.unique(present, return_counts=True)
    if column.is_category:
        example = shorten(column.texts[int(values[counts.argmax()])], LONGEST_EXAMPLE)
        return replace(found, n_distinct=len(values), example=example)
    first = f"{present[0]:.10g}" if column.kind != "date" else str(np.datetime64(int(present[0] // 1), "D"))
    low, high = float(values[0]), float(values[-1])
    return replace(found, n_distinct=len(values), minimum=low, maximum=high, example=first)


def feature_role(how: ColumnEncoding, scaling: str) -> str:
    """How a column enters the network: `standardized`, `one-hot, 4`, `embedding of 31`."""
    if how.kind == "category":
        return f"embedding of {how.n_slots}" if how.is_embedded else f"one-hot, {how.width}"
    entry = "0 or 1" if how.kind == "boolean" else SCALED[scaling]
    return f"{entry}, with an indicator" if how.has_indicator else entry


def target_role(target: Target) -> str:
    """What the target is: `target: 3 classes`, `target: numbers`, `target: label`."""
    if target.task == "classes":
        return f"target: {len(target.class_names)} classes"
    return "target: label" if target.task == "labels" else "target: number"


def in_file_order(names: Iterable[str], summaries: Iterable[ColumnSummary]) -> Iterator[ColumnSummary]:
    """A summary for each column of the file; those without a summary were not read, because the spec excludes them."""
    found = {summary.name: summary for summary in summaries}
    for name in names:
        yield found.get(name, ColumnSummary(name, "", "excluded"))
