"""The curves of a run: a chart of plotly, or characters."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from dnnctl.commands.curves import draw_run
from dnnctl.errors import RunError
from dnnctl.store.metrics import NO_SCALARS, finite
from dnnctl.store.record import RunRecord
from dnnctl.text import suggest


class Drawing(str):
    """Text that a notebook and a Python prompt show as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def plot(run: RunRecord, metric: str | None = None) -> Any:
    """The curves of a run over its epochs.

    Args:
        metric: a column of `run.rows`, such as `accuracy`; its validation values are drawn along. By default the loss.

    Returns a figure of plotly if it is installed (`pip install 'dnnctl[report]'`), which a notebook shows, else a
    drawing of characters.

    Raises:
        RunError: no epoch has finished, or there is no such metric.
    """
    rows = run.curve
    if not rows:
        raise RunError(f"{run.id} has nothing to plot: it has not finished its first epoch.")
    known = list(dict.fromkeys(name for row in rows for name in row if name not in NO_SCALARS))
    if metric is not None and metric not in known:
        raise RunError(f"{run.id} has no metric '{metric}'. {suggest(metric, known)}")
    chosen = (metric or "loss").removeprefix("val_")
    if find_spec("plotly") is None:
        return Drawing(draw_run(rows, chosen))
    return _figure(run, [name for name in (chosen, f"val_{chosen}") if name in known])


def _figure(run: RunRecord, names: Sequence[str]) -> Any:
    from plotly.graph_objects import Figure, Scatter

    figure = Figure(layout={"title": run.id, "xaxis_title": "epoch", "yaxis_title": names[0]})
    for name in names:
        points = [(row["epoch"], finite(row.get(name))) for row in run.curve]
        figure.add_trace(Scatter(x=[x for x, _ in points], y=[y for _, y in points], name=name))
    return figure
