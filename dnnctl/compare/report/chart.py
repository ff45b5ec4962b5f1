"""Charts of a report: what plotly draws, without colours of the theme, which the page's script adds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_POINTS = 1000
"""The maximum number of points of a line or a cloud."""
SOFT = "soft"
"""The theme's colour for reference lines."""
COLOURS = ("#3b7ddd", "#e07b39", "#3aa76d", "#b65fcf", "#d1495b", "#7a8b99", "#c9a227", "#4bb3c3")
"""Readable on a light and on a dark background."""
GOLDEN_ANGLE = 137.5
FAR = 10.0
"""An axis is at most this often as long as what the typical values need."""


def colour_of(place: int) -> str:
    """A colour for each of any number of runs or labels."""
    if place < len(COLOURS):
        return COLOURS[place]
    return f"hsl({place * GOLDEN_ANGLE % 360:.0f}, 55%, 52%)"


@dataclass
class Charts:
    """The charts of a page."""

    curves: list[dict[str, Any]] = field(default_factory=list)
    """The metrics of each run over epochs and time."""
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By metric, the ends of its axis where it does not show all values of the curves."""
    charts: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, label: str, x: str, y: str, traces: Sequence[dict[str, Any]], *, kind: str = "small", **layout: Any
    ) -> str:
        """Add a chart; return the HTML of its place.

        Args:
            label: what the chart shows, in words.
            kind: its class in the style sheet.
            layout: of either axis `x_range`, its ends; `x_log`, if it is logarithmic; `x_step`, the distance of its
                marks, or `x_ticks`, these as `at` and `texts`. `texts`: words inside the chart, each with `x`, `y` and
                `text`. `is_reversed`: the legend has the last line first.
        """
        key = f"chart-{len(self.charts)}"
        self.charts.append({"id": key, "x": x, "y": y, "traces": list(traces), **layout})
        return f'<div id="{key}" class="chart {kind}" role="img" aria-label="{escape(label)}"></div>'


def line(name: str, x: Sequence[float], y: Sequence[float | None], colour: str, **more: Any) -> dict[str, Any]:
    """A line through points, with a gap at each None."""
    return {"name": name, "x": list(x), "y": list(y), "mode": "lines", "colour": colour, **more}


def points(name: str, x: Sequence[float], y: Sequence[float], colour: str, **more: Any) -> dict[str, Any]:
    """Separate points."""
    return {"name": name, "x": list(x), "y": list(y), "mode": "markers", "colour": colour, **more}


def focus(lowest: Sequence[float], highest: Sequence[float], *, far: float = FAR) -> tuple[float, float] | None:
    """The ends of an axis without the few values that are so far from all others that these could not be told apart.

    The upper end is at most `far` times as far above the smallest value as the median of the highest ones. The lower
    end is found in the same way, downwards.

    Args:
        lowest: the smallest value of each curve.
        highest: the largest value of each curve.

    Returns:
        None if all values are shown.
    """
    top = _end(min(lowest), highest, far)
    bottom = -_end(-top, [-value for value in lowest if value <= top] or [-min(lowest)], far)
    return None if (bottom, top) == (min(lowest), max(highest)) else (bottom, top)


def _end(start: float, ends: Sequence[float], far: float) -> float:
    """The largest of the ends that is not too far from the start."""
    fence = start + far * (median_low(ends) - start)
    return max(end for end in ends if end <= fence) if fence > start else max(ends)


def thinned(*columns: NDArray[Any]) -> list[list[float]]:
    """At most `MAX_POINTS` evenly spaced entries of columns of the same length, with the first and the last."""
    n = len(columns[0])
    kept = np.unique(np.linspace(0, n - 1, min(n, MAX_POINTS)).astype(int))
    return [rounded(column[kept]) for column in columns]


def drawn(n: int) -> NDArray[np.int64]:
    """At most `MAX_POINTS` of n examples, at random but always the same ones, in order."""
    if n <= MAX_POINTS:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, MAX_POINTS, replace=False))


def rounded(values: NDArray[Any]) -> list[float]:
    """Coordinates with six digits, which are more than a screen shows."""
    return [float(f"{value:.6g}") for value in values.tolist()]
