"""Regression in a report, compared with scikit-learn."""

from __future__ import annotations

import re

import numpy as np
from sklearn import metrics

from dnnctl.compare.report.chart import Charts
from dnnctl.compare.report.numbers import MAX_TARGETS, describe_numbers
from dnnctl.compare.scores import Predictions
from dnnctl.text import format_number


def sample(n_targets: int, n: int = 50) -> Predictions:
    draw = np.random.default_rng(0)
    true = draw.normal(size=(n, n_targets))
    return Predictions((true + 0.5 * draw.normal(size=true.shape)).astype(np.float32), true, "numbers", 0.5, ())


def test_the_errors_of_each_target_are_those_of_scikit_learn() -> None:
    found = sample(2)
    html = "".join(describe_numbers(found, ["width", "<height>"], "test", Charts(), "red"))
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html)
    assert [name for name, _ in rows] == ["width", "&lt;height&gt;"]
    for k, (_, cells) in enumerate(rows):
        true, predicted = found.labels[:, k], found.predicted[:, k].astype(float)
        expected = [
            metrics.mean_absolute_error(true, predicted),
            metrics.root_mean_squared_error(true, predicted),
            metrics.r2_score(true, predicted),
            *np.quantile(true - predicted, [0.05, 0.25, 0.5, 0.75, 0.95]),
        ]
        assert re.findall("<td>(.*?)</td>", cells) == [format_number(float(value)) for value in expected]


def test_the_points_are_the_examples() -> None:
    found, charts = sample(1), Charts()
    describe_numbers(found, [], "test", charts, "red")
    against, residuals, histogram = charts.charts
    true, predicted = found.labels[:, 0], found.predicted[:, 0]
    np.testing.assert_allclose(against["traces"][1]["x"], true, rtol=1e-5)
    np.testing.assert_allclose(against["traces"][1]["y"], predicted, rtol=1e-5)
    np.testing.assert_allclose(residuals["traces"][1]["y"], true - predicted, rtol=1e-4, atol=1e-6)
    assert sum(histogram["traces"][0]["y"]) == len(true)


def test_of_many_targets_only_some_are_drawn() -> None:
    charts = Charts()
    html = "".join(describe_numbers(sample(9), [], "test", charts, "red"))
    assert len(charts.charts) == 3 * MAX_TARGETS
    assert "The first 6 of 9 targets are drawn." in html
    assert "number 9" in html


def test_a_constant_target_has_no_r2() -> None:
    found = Predictions(np.arange(4.0)[:, None], np.ones((4, 1)), "numbers", 0.5, ())
    html = "".join(describe_numbers(found, ["y"], "test", Charts(), "red"))
    assert re.findall("<td>(.*?)</td>", html)[2] == "—"
