"""The section of a report on predicted classes: each class, confusion, calibration; of two classes the threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from dnnctl.compare.diagnostics import Bin, calibration, calibration_error, confusion
from dnnctl.compare.quality import ClassQuality, by_class
from dnnctl.compare.ranking import Ranking, rank
from dnnctl.compare.report.chart import SOFT, Charts, line
from dnnctl.compare.report.markup import table
from dnnctl.compare.report.ranked import (
    UNIT,
    Ranked,
    precision_recall_chart,
    roc_chart,
    threshold_chart,
    threshold_table,
)
from dnnctl.compare.scores import Predictions
from dnnctl.text import format_number

MAX_CLASSES = 30
"""The maximum number of classes for which the confusion matrix is shown."""
MAX_ROWS = 100
"""The maximum number of classes in a table."""
Counts = Mapping[str, Sequence[int]]
"""By split, the number of examples of each class or label."""


def class_name(found: Predictions, index: int) -> str:
    """The name of a class, or its number."""
    return found.class_names[index] if index < len(found.class_names) else str(index)


def describe_classes(
    found: Predictions, validation: Predictions | None, counts: Counts, role: str, charts: Charts, colour: str
) -> list[str]:
    """The parts of the section.

    Args:
        validation: the predictions on validation examples, for choosing a threshold.
    """
    matrix = confusion(found)
    parts = []
    ranking = ranking_of(found)
    if ranking is not None:
        chosen = ranking_of(validation) if validation is not None else None
        parts.append(_binary(found, ranking, chosen, role, charts, colour))
    parts.append(_each_class(by_class(matrix, found.class_names), counts, role))
    return [*parts, _confusion(found, matrix, role), _calibration(found, charts, colour)]


def ranking_of(found: Predictions) -> Ranking | None:
    """The ranking of the examples by their score for the second of two classes, if both occur."""
    scores = found.ranking_scores
    return None if scores is None else rank(found.has_label[:, 0], scores[:, 0])


def _binary(
    found: Predictions, ranking: Ranking, validation: Ranking | None, role: str, charts: Charts, colour: str
) -> str:
    """ROC, precision and recall for class 1, and its threshold. Of two outputs, the larger one decides: 0.5."""
    threshold = found.threshold if found.predicted.shape[1] == 1 else 0.5
    name = class_name(found, 1)
    ranked, marked = [Ranked(name, colour, ranking)], ranking.at(threshold)
    drawn = (
        roc_chart(ranked, charts, marked),
        precision_recall_chart(ranked, charts, marked),
        threshold_chart(ranking, threshold, charts),
    )
    return (
        f"<h3>Threshold for {escape(name)}</h3>{threshold_table(ranking, threshold, validation, role)}"
        f'<div class="charts">{"".join(drawn)}</div>'
    )


def _each_class(classes: Sequence[ClassQuality], counts: Counts, role: str) -> str:
    """The balance of the classes in each split, and how well each is predicted."""
    splits = {name: values for name, values in counts.items() if len(values) == len(classes)} or {
        role: [each.n for each in classes]
    }
    shown = sorted(range(len(classes)), key=lambda place: classes[place].f1 or 0.0)[:MAX_ROWS]
    rows = [
        [
            classes[place].name,
            *(_share(values, place) for values in splits.values()),
            *map(format_number, (classes[place].precision, classes[place].recall, classes[place].f1)),
        ]
        for place in sorted(shown)
    ]
    caption = f"Examples of each class in each split; precision, recall and F1 on {role} examples"
    if len(shown) < len(classes):
        caption += f". The {len(shown)} of {len(classes):,} classes with the lowest F1"
    return "<h3>Classes</h3>" + table(caption, ["class", *splits, "precision", "recall", "F1"], rows)


def _share(values: Sequence[int], place: int) -> str:
    total = sum(values)
    return f"{values[place]:,} ({values[place] / total:.0%})" if total else "0"


def _confusion(found: Predictions, counts: NDArray[np.int64], role: str) -> str:
    if len(counts) > MAX_CLASSES:
        return f"<p>{len(counts)} classes: too many to show a confusion matrix.</p>"
    names = [class_name(found, index) for index in range(len(counts))]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = []
    for name, row in zip(names, counts, strict=True):
        share = row / max(1, row.sum())
        cells = "".join(
            f'<td style="background: rgba(var(--cell), {0.65 * part:.2f})">{n}</td>'
            for n, part in zip(row, share, strict=True)
        )
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    caption = f"{role.capitalize()} examples by class (row) and predicted class (column)"
    return (
        f"<h3>Confusion matrix</h3><div class='scroll'><table class='confusion'><caption>{caption}</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _calibration(found: Predictions, charts: Charts, colour: str) -> str:
    bins: list[Bin] = calibration(found)
    if not bins:
        return ""
    confidence, accuracy, n = zip(*((each.confidence, each.accuracy, each.n) for each in bins), strict=True)
    error = f"The expected calibration error is {calibration_error(bins):.3f}."
    traces = [
        line("perfect calibration", (0, 1), (0, 1), SOFT, dash="dot"),
        line("predictions", confidence, accuracy, colour, markers=True, text=[f"{each:,} examples" for each in n]),
    ]
    chart = charts.add(error, "confidence", "accuracy", traces, x_range=UNIT, y_range=UNIT)
    return f"<h3>Calibration</h3><p>{error}</p>{chart}"
