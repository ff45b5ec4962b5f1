"""The section of a report on predicted labels, of which an example can have several."""

from __future__ import annotations

from dnnctl.compare.diagnostics import by_label
from dnnctl.compare.quality import ClassQuality
from dnnctl.compare.ranking import rank
from dnnctl.compare.report.chart import Charts, colour_of
from dnnctl.compare.report.classes import Counts
from dnnctl.compare.report.markup import table
from dnnctl.compare.report.ranked import Ranked, precision_recall_chart, roc_chart
from dnnctl.compare.scores import Predictions
from dnnctl.text import format_number

MAX_CURVES = 12
"""The maximum number of labels whose curves are drawn."""
MAX_ROWS = 100
"""The maximum number of labels in the table."""


def describe_labels(found: Predictions, counts: Counts, role: str, charts: Charts) -> list[str]:
    """The parts of the section: a row for each label, and the curves of the labels that are ranked worst."""
    labels = found.has_label
    qualities = by_label(found)[:MAX_ROWS]
    rankings = [rank(labels[:, place], found.predicted[:, place]) for place in range(len(qualities))]
    splits = {name: values for name, values in counts.items() if len(values) == labels.shape[1]}
    rows = []
    for place, (each, ranking) in enumerate(zip(qualities, rankings, strict=True)):
        f1 = ClassQuality(each.name, each.n, each.precision, each.recall).f1
        areas = (ranking.roc_auc, ranking.average_precision) if ranking is not None else (None, None)
        examples = [f"{values[place]:,}" for values in splits.values()] or [f"{each.n:,}"]
        rows.append(
            [each.name, *examples, *map(format_number, (each.accuracy, each.precision, each.recall, f1, *areas))]
        )
    measured = ["accuracy", "precision", "recall", "F1", "ROC area", "average precision"]
    caption = f"Examples that have each label in each split; the metrics are those of {role} examples"
    if len(qualities) < labels.shape[1]:
        caption += f". The first {len(qualities)} of {labels.shape[1]:,} labels"
    parts = ["<h3>Labels</h3>", table(caption, ["label", *(splits or [role]), *measured], rows)]
    ranked = [
        Ranked(each.name, colour_of(place), ranking)
        for place, (each, ranking) in enumerate(zip(qualities, rankings, strict=True))
        if ranking is not None
    ]
    worst = sorted(ranked, key=lambda each: each.ranking.roc_auc)[:MAX_CURVES]
    shown = [each for each in ranked if each in worst]
    if not shown:
        return parts
    note = "" if len(shown) == len(ranked) else f"<p class='note'>The {len(shown)} labels with the smallest areas.</p>"
    drawn = f'<div class="charts">{roc_chart(shown, charts)}{precision_recall_chart(shown, charts)}</div>'
    return [*parts, note, drawn]
