"""Classes in a report, compared with scikit-learn."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from dnnctl.compare.report.chart import Charts
from dnnctl.compare.report.classes import MAX_ROWS, describe_classes
from dnnctl.compare.scores import Predictions
from dnnctl.text import format_number


def sample(n_classes: int, n: int = 90, seed: int = 0) -> Predictions:
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    scores = draw.random((n, n_classes)) + 0.7 * np.eye(n_classes)[labels]
    names = tuple(f"<{number}>" for number in range(n_classes))
    return Predictions(scores / scores.sum(axis=1, keepdims=True), labels, "classes", 0.5, names)


def binary(seed: int = 0) -> Predictions:
    found = sample(2, seed=seed)
    return Predictions(found.predicted[:, 1:], found.labels, "classes", 0.5, ("no", "yes"))


def rows(html: str, title: str) -> list[list[str]]:
    """The cells of the table after a heading."""
    part = html[html.index(f"<h3>{title}") :].split("</table>")[0].split("<tbody>")[1]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall("<tr>(.*?)</tr>", part)]


def described(found: Predictions, counts: Any = None, validation: Predictions | None = None) -> tuple[str, Charts]:
    charts = Charts()
    return "".join(describe_classes(found, validation, counts or {}, "test", charts, "red")), charts


def test_each_class_has_the_metrics_of_scikit_learn_and_its_balance_in_each_split() -> None:
    found = sample(3)
    html, _ = described(found, {"train": (60, 30, 10), "test": (30, 30, 30)})
    expected = np.transpose(metrics.precision_recall_fscore_support(found.labels, found.classes)[:3])
    for row, name, share, values in zip(
        rows(html, "Classes"), "012", ("60 (60%)", "30 (30%)", "10 (10%)"), expected, strict=True
    ):
        assert row == [f"&lt;{name}&gt;", share, "30 (33%)", *map(format_number, values)]
    assert "Threshold" not in html


def test_without_recorded_counts_the_examples_of_the_split_are_counted() -> None:
    html, _ = described(sample(3), {"train": (1, 2)})
    assert [row[1] for row in rows(html, "Classes")] == ["30 (33%)"] * 3


def test_of_many_classes_those_with_the_lowest_f1_are_listed() -> None:
    html, _ = described(sample(150, n=300))
    assert len(rows(html, "Classes")) == MAX_ROWS
    assert "The 100 of 150 classes with the lowest F1" in html
    assert "too many to show a confusion matrix" in html


@pytest.mark.parametrize("is_single", [True, False])
def test_two_classes_have_curves_and_a_threshold_that_was_chosen_on_validation(*, is_single: bool) -> None:
    found, validation = (binary(0), binary(1)) if is_single else (sample(2), sample(2, seed=1))
    html, charts = described(found, validation=validation)
    (in_use, best), (roc, both, _, *_) = rows(html, "Threshold for"), charts.charts
    scores, labels = found.predicted[:, -1], found.labels
    assert in_use[1:5] == [
        "0.5000",
        *(format_number(float(each(labels, scores > 0.5))) for each in (metrics.precision_score, metrics.recall_score)),
        format_number(float(metrics.f1_score(labels, scores > 0.5))),
    ]
    others = validation.predicted[:, -1]
    every = [metrics.f1_score(validation.labels, others >= threshold) for threshold in others]
    chosen = metrics.f1_score(validation.labels, others > float(best[1]))
    assert chosen == pytest.approx(max(every), abs=1e-6)
    assert f"area {metrics.roc_auc_score(labels, scores):.3f}" in roc["traces"][1]["name"]
    assert f"average {metrics.average_precision_score(labels, scores):.3f}" in both["traces"][0]["name"]
    assert roc["traces"][2]["y"] == [metrics.recall_score(labels, scores > 0.5)]


def test_a_split_with_one_of_two_classes_has_no_curves() -> None:
    found = binary()
    html, charts = described(Predictions(found.predicted, np.zeros(90, int), "classes", 0.5, ()))
    assert "Threshold" not in html
    assert len(charts.charts) == 1, "calibration"
