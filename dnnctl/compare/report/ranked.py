"""The section of a report on one class or label that is found or not: ROC, precision and recall, and the threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dnnctl.compare.ranking import Operation, Ranking
from dnnctl.compare.report.chart import SOFT, Charts, line, points, thinned
from dnnctl.compare.report.markup import table
from dnnctl.text import format_number

UNIT = (0.0, 1.02)
PRECISION, RECALL, F1 = "#3b7ddd", "#e07b39", "#3aa76d"
CHOSEN_ON = "validation"


@dataclass(frozen=True)
class Ranked:
    """A ranking with its name and colour in a chart."""

    name: str
    colour: str
    ranking: Ranking


def roc_chart(ranked: Sequence[Ranked], charts: Charts, marked: Operation | None = None) -> str:
    """The ROC curves of several classes, with the point of the threshold in use."""
    traces = [line("chance", (0, 1), (0, 1), SOFT, dash="dot")]
    for each in ranked:
        rates, recalls = thinned(each.ranking.false_positive_rate, each.ranking.recall)
        traces.append(line(f"{each.name}, area {each.ranking.roc_auc:.3f}", (0, *rates), (0, *recalls), each.colour))
    if marked is not None:
        name = f"threshold {marked.threshold:g}"
        traces.append(points(name, (marked.false_positive_rate,), (marked.recall,), PRECISION, size=10))
    label = "ROC curves: " + ", ".join(f"{each.name} has the area {each.ranking.roc_auc:.3f}" for each in ranked)
    return charts.add(
        label, "false positive rate", "true positive rate (recall)", traces, x_range=(-0.02, 1), y_range=UNIT
    )


def precision_recall_chart(ranked: Sequence[Ranked], charts: Charts, marked: Operation | None = None) -> str:
    """The precision over the recall of several classes, with the point of the threshold in use."""
    traces = []
    for each in ranked:
        recalls, precisions = thinned(each.ranking.recall, each.ranking.precision)
        average = f"{each.name}, average {each.ranking.average_precision:.3f}"
        traces.append(line(average, (0, *recalls), (precisions[0], *precisions), each.colour))
    if marked is not None and marked.precision is not None:
        name = f"threshold {marked.threshold:g}"
        traces.append(points(name, (marked.recall,), (marked.precision,), PRECISION, size=10))
    averages = ", ".join(f"{each.name} has the average {each.ranking.average_precision:.3f}" for each in ranked)
    return charts.add(f"Precision and recall: {averages}", "recall", "precision", traces, x_range=UNIT, y_range=UNIT)


def threshold_chart(ranking: Ranking, threshold: float, charts: Charts) -> str:
    """Precision, recall and F1 at every threshold."""
    found = 2 * ranking.hits / (ranking.said + ranking.n_positive)
    scores, precisions, recalls, f1 = thinned(ranking.scores, ranking.precision, ranking.recall, found)
    traces = [
        line("precision", scores, precisions, PRECISION),
        line("recall", scores, recalls, RECALL),
        line("F1", scores, f1, F1),
        line(f"threshold {threshold:g}", (threshold, threshold), (0, 1), SOFT, dash="dot"),
    ]
    label = "Precision, recall and F1 at every threshold; the table has those of two thresholds"
    return charts.add(label, "threshold", "", traces, y_range=UNIT)


def threshold_table(ranking: Ranking, threshold: float, validation: Ranking | None, role: str) -> str:
    """What the threshold in use gives, and the one with the highest F1 on validation examples."""
    operations = {"in use": ranking.at(threshold)}
    if validation is not None and role != CHOSEN_ON:
        operations[f"best F1 on {CHOSEN_ON}"] = ranking.at(validation.best_threshold())
    rows = [
        [name, *map(format_number, (each.threshold, each.precision, each.recall, each.f1, each.false_positive_rate))]
        for name, each in operations.items()
    ]
    header = ["", "threshold", "precision", "recall", "F1", "false positive rate"]
    return table(f"Thresholds, measured on {role} examples", header, rows)
