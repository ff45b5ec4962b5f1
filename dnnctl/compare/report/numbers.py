"""The section of a report on predicted numbers: predicted against true, and the residuals.

Shapes: N is the number of examples, K of numbers to predict.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from dnnctl.compare.report.chart import SOFT, Charts, drawn, line, points, rounded
from dnnctl.compare.report.markup import table
from dnnctl.compare.residuals import QUANTILES, by_number
from dnnctl.compare.scores import Predictions
from dnnctl.text import format_number

MAX_TARGETS = 6
"""The maximum number of targets that are drawn."""
Floats = NDArray[np.float64]


def describe_numbers(found: Predictions, names: Sequence[str], role: str, charts: Charts, colour: str) -> list[str]:
    """The parts of the section: for each target its metrics and quantiles of its residuals, and two charts.

    Args:
        names: the names of the targets.
    """
    predicted = found.predicted.astype(np.float64)
    true = found.labels.reshape(predicted.shape).astype(np.float64)
    n_targets = predicted.shape[1]
    labels = list(names) if len(names) == n_targets else [f"number {place + 1}" for place in range(n_targets)]
    rows = [
        [each.name, *map(format_number, (each.mae, each.rmse, each.r2, *each.quantiles.values()))]
        for each in by_number(predicted, true, tuple(labels))
    ]
    header = [
        "target",
        "mean absolute error",
        "root mean squared error",
        "R²",
        *(f"{q:.0%} quantile" for q in QUANTILES),
    ]
    caption = f"{role.capitalize()} examples; the quantiles are those of the residuals, true - predicted"
    parts = ["<h3>Errors</h3>", table(caption, header, rows)]
    for k in range(min(n_targets, MAX_TARGETS)):
        title = f"<h3>{escape(labels[k])}</h3>" if n_targets > 1 else ""
        parts.append(f'{title}<div class="charts">{_charts(predicted[:, k], true[:, k], charts, colour)}</div>')
    if n_targets > MAX_TARGETS:
        parts.append(f"<p class='note'>The first {MAX_TARGETS} of {n_targets} targets are drawn.</p>")
    return parts


def _charts(predicted: Floats, true: Floats, charts: Charts, colour: str) -> str:
    """Predicted against true, the residuals against the prediction, and their histogram."""
    kept = drawn(len(true))
    ends = [float(min(true.min(), predicted.min())), float(max(true.max(), predicted.max()))]
    x, y = rounded(true[kept]), rounded(predicted[kept])
    cloud = points("examples", x, y, colour, opacity=0.6)
    residuals = points("examples", y, rounded((true - predicted)[kept]), colour, opacity=0.6)
    counts, edges = np.histogram(true - predicted, bins="auto" if len(true) < 100_000 else 100)
    bars = {"name": "examples", "x": rounded((edges[1:] + edges[:-1]) / 2), "y": counts.tolist(), "colour": colour}
    span = [float(predicted.min()), float(predicted.max())]
    return "".join(
        (
            charts.add(
                "Predicted against true numbers; the table has the errors",
                "true",
                "predicted",
                [line("predicted = true", ends, ends, SOFT, dash="dot"), cloud],
            ),
            charts.add(
                "Residuals against predicted numbers; the table has their quantiles",
                "predicted",
                "residual (true - predicted)",
                [line("no error", span, (0, 0), SOFT, dash="dot"), residuals],
            ),
            charts.add(
                "The number of examples by residual; the table has the quantiles",
                "residual (true - predicted)",
                "examples",
                [{**bars, "type": "bar"}],
            ),
        )
    )
