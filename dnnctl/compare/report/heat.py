"""Heat maps of layers as HTML: no script and no chart library, so that they are in every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import isfinite, log10

from dnnctl.store.layer_statistics import LayerStatistics, Measurement, signal

DECADES = 8.0
"""A number that is this many orders of magnitude smaller than the largest has the palest colour."""
QUANTITIES: dict[str, tuple[Callable[[LayerStatistics], float], bool]] = {
    "signal": (signal, True),
    "gradient": (lambda each: each.gradient, True),
    "dead": (lambda each: each.dead, False),
    "saturated": (lambda each: each.saturated, False),
}
"""What is drawn, and whether on a logarithmic scale; otherwise from 0 to 1."""


def heat_map(
    caption: str, labels: Sequence[str], measurements: Sequence[Measurement], quantity: str, *, by_layer: bool
) -> str:
    """A table with a coloured cell for each layer and measurement; its numbers are in tooltips.

    Args:
        labels: the name of each measurement.
        by_layer: whether each row is a layer, otherwise a measurement.
    """
    number, is_log = QUANTITIES[quantity]
    names = [each.layer for each in max(measurements, key=lambda each: len(each.layers)).layers]
    cells = {
        (label, layer.layer): (number(layer), layer.layer in each.blamed)
        for label, each in zip(labels, measurements, strict=True)
        for layer in each.layers
    }
    largest = max((value for value, _ in cells.values() if isfinite(value)), default=0.0) if is_log else 1.0
    outer, inner = (names, labels) if by_layer else (labels, names)
    rows = []
    for row in outer:
        drawn = [
            _cell(f"{quantity} of {key[1]}, {key[0]}", *cells[key], largest=largest, is_log=is_log)
            for column in inner
            if (key := (column, row) if by_layer else (row, column)) in cells
        ]
        rows.append(f'<tr><th scope="row">{escape(row)}</th>{"".join(drawn)}</tr>')
    title = f"<caption>{escape(caption)}</caption>"
    return f'<div class="scroll"><table class="heat">{title}<tbody>{"".join(rows)}</tbody></table></div>'


def _cell(what: str, value: float, is_blamed: bool, *, largest: float, is_log: bool) -> str:
    shown = f"{value:.2g}" if isfinite(value) else "infinite or NaN"
    kind = ' class="blamed"' if is_blamed else ""
    style = f"background: rgba(var(--cell), {_strength(value, largest, is_log=is_log):.2f})"
    text = escape(f"{what}: {shown}{', to blame' if is_blamed else ''}")
    return f'<td{kind} style="{style}" title="{text}">{"!" if not isfinite(value) else "×" if is_blamed else ""}</td>'


def _strength(value: float, largest: float, *, is_log: bool) -> float:
    """The colour of a number, from 0 to 1."""
    if not isfinite(value):
        return 1.0
    if not is_log:
        return min(max(value, 0.0), 1.0)
    if value <= 0 or largest <= 0:
        return 0.0
    return max(0.05, 1 - log10(largest / value) / DECADES)
