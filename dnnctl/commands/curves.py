"""Curves drawn with characters, by plotext."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, floor, log10
from typing import Any

from click import unstyle

from dnnctl.store.metrics import finite
from dnnctl.text import visible

HEIGHT = 15
MAX_WIDTH = 100
N_TICKS = 6
Rows = Sequence[Mapping[str, Any]]


def draw_curves(curves: Mapping[str, Rows], name: str, *, over: str = "epoch") -> str:
    """A labeled curve of a metric for each run, over epochs or over training time in seconds."""
    series = {label: (positions(rows, over), [row.get(name) for row in rows]) for label, rows in curves.items()}
    return _draw(series, f"{name} over {'training time (s)' if over == 'time' else 'epochs'}")


def draw_run(rows: Rows, metric: str = "loss") -> str:
    """A metric of a run in training and on the validation split, if there is one, over epochs."""
    names = [name for name in (metric, f"val_{metric}") if any(name in row for row in rows)]
    return _draw(
        {name: (positions(rows, "epoch"), [row.get(name) for row in rows]) for name in names}, f"{metric} over epochs"
    )


def draw_rates(rates: Sequence[float], losses: Sequence[float]) -> str:
    """The loss as a function of the learning rate, on a logarithmic scale."""
    exponents = [log10(rate) for rate in rates]
    ticks = range(ceil(exponents[0]), floor(exponents[-1]) + 1)
    places = {float(tick): f"1e{tick}" for tick in ticks}
    return _draw({"loss": (exponents, losses)}, "loss vs. learning rate", places)


def draw_schedule(steps: Sequence[int], rates: Sequence[float]) -> str:
    """The learning rate over the steps of training."""
    return _draw({"learning rate": (steps, rates)}, "learning rate over steps")


def positions(rows: Rows, over: str) -> list[float]:
    """The x coordinate of each row."""
    if over == "epoch":
        return [finite(row["epoch"]) or 0.0 for row in rows]
    return list(accumulate(finite(row.get("seconds")) or 0.0 for row in rows))


def _draw(
    series: Mapping[str, tuple[Sequence[float], Sequence[Any]]], title: str, places: Mapping[float, str] | None = None
) -> str:
    import plotext

    plotext.clear_figure()
    has_colours = sys.stdout.isatty()
    plotext.theme("pro" if has_colours else "clear")
    plotext.plotsize(min(shutil.get_terminal_size((80, 24)).columns, MAX_WIDTH), HEIGHT)
    for label, (xs, ys) in series.items():
        points = [(x, number) for x, y in zip(xs, ys, strict=True) if (number := finite(y)) is not None]
        if points:
            marker = "hd" if has_colours else visible(label)[0]  # without colours, letters tell the curves apart
            plotext.plot(*zip(*points, strict=True), label=visible(label), marker=marker)
    if places is None:
        plotext.xticks(_ticks([x for xs, _ in series.values() for x in xs]))
    else:
        plotext.xticks(list(places), list(places.values()))
    plotext.title(visible(title))
    drawing = str(plotext.build()).rstrip("\n")
    return drawing if has_colours else unstyle(drawing)


def _ticks(xs: Sequence[float]) -> list[float]:
    """A few round values between the smallest and the largest: whole epochs, or seconds."""
    low, high = min(xs), max(xs)
    if not all(x == int(x) for x in xs):
        return [round(low + (high - low) * i / N_TICKS, 1) for i in range(N_TICKS + 1)]
    step = max(1, -(-int(high - low) // N_TICKS))
    return [*range(int(low), int(high), step), int(high)]
