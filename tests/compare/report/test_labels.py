"""Labels in a report, compared with scikit-learn."""

from __future__ import annotations

import re

import numpy as np
from sklearn import metrics

from dnnctl.compare.report.chart import Charts
from dnnctl.compare.report.labels import MAX_CURVES, describe_labels
from dnnctl.compare.scores import Predictions
from dnnctl.text import format_number


def sample(n_labels: int) -> Predictions:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, (80, n_labels))
    predicted = np.clip(0.3 * labels + 0.7 * draw.random(labels.shape), 0, 1)
    return Predictions(predicted, labels, "labels", 0.5, tuple(f"l{k}" for k in range(n_labels)))


def test_each_label_has_the_metrics_of_scikit_learn() -> None:
    found, charts = sample(3), Charts()
    html = "".join(describe_labels(found, {"train": (5, 6, 7)}, "test", charts))
    for k, (name, cells) in enumerate(re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html)):
        true, scores = found.labels[:, k], found.predicted[:, k]
        said = scores > 0.5
        measures = (metrics.accuracy_score, metrics.precision_score, metrics.recall_score, metrics.f1_score)
        expected = [each(true, said) for each in measures]
        expected += [metrics.roc_auc_score(true, scores), metrics.average_precision_score(true, scores)]
        assert name == f"l{k}"
        assert re.findall("<td>(.*?)</td>", cells) == [str(5 + k), *(format_number(float(each)) for each in expected)]
    assert [len(chart["traces"]) for chart in charts.charts] == [4, 3]


def test_of_many_labels_the_worst_are_drawn() -> None:
    found, charts = sample(20), Charts()
    html = "".join(describe_labels(found, {}, "test", charts))
    areas = {f"l{k}": metrics.roc_auc_score(found.labels[:, k], found.predicted[:, k]) for k in range(20)}
    worst = set(sorted(areas, key=lambda name: areas[name])[:MAX_CURVES])
    assert {trace["name"].partition(",")[0] for trace in charts.charts[0]["traces"][1:]} == worst
    assert "The 12 labels with the smallest areas." in html


def test_a_label_that_no_example_has_is_listed_without_curves() -> None:
    found, charts = sample(2), Charts()
    labels = found.labels.copy()
    labels[:, 1] = 0
    html = "".join(describe_labels(Predictions(found.predicted, labels, "labels", 0.5, ()), {}, "test", charts))
    assert len(re.findall('<th scope="row">', html)) == 2
    assert len(charts.charts[0]["traces"]) == 2
