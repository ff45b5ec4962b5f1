"""Heat strips: a line of characters with one cell for each layer, from the input on the left to the output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor, isfinite, log10

import typer

from dnnctl.cli.table import terminal_width
from dnnctl.store.layer_statistics import LayerStatistics, Measurement, signal

BLOCKS = "▁▂▃▄▅▆▇█"
ZERO, INFINITE = "·", "!"
NARROW, WIDE = 80, 120
NAME, NUMBER = 10, 8
"""The widths of a strip's name, and of the numbers at its ends."""
LEGEND = (
    f"One cell per layer. Each step down from {BLOCKS[-1]} is 10 times smaller; {ZERO} is 0, "
    f"{INFINITE} is infinite or NaN; red layers are to blame."
)


def draw_strips(found: Measurement, *, indent: int = 2) -> str:
    """The signals, gradients and, if there are any, dead units and saturated outputs of a network, over its depth."""
    lines = [*_strip("signal", found, signal, _sizes), *_strip("gradient", found, lambda each: each.gradient, _sizes)]
    if any(each.dead for each in found.layers[:-1]):
        lines += _strip("dead", found, lambda each: each.dead, _shares)
    if any(each.saturated for each in found.layers[:-1]):
        lines += _strip("saturated", found, lambda each: each.saturated, _shares)
    return "\n".join(" " * indent + line for line in lines)


def _strip(
    name: str,
    found: Measurement,
    number: Callable[[LayerStatistics], float],
    cells_of: Callable[[Sequence[float]], list[str]],
) -> Iterator[str]:
    """The lines of a strip, each with its first and last number at its ends."""
    values = [number(each) for each in found.layers]
    cells = [
        typer.style(cell, fg="red" if each.layer in found.blamed else "green")
        for cell, each in zip(cells_of(values), found.layers, strict=True)
    ]
    most = min(max(terminal_width() or NARROW, NARROW), WIDE) - NAME - 2 * NUMBER - 4
    width = ceil(len(cells) / ceil(len(cells) / most))
    for start in range(0, len(cells), width):
        part = values[start : start + width]
        label = name if start == 0 else ""
        drawn = "".join(cells[start : start + width])
        yield f"{label:<{NAME}}{_number(part[0]):>{NUMBER}} {drawn} {_number(part[-1])}"


def _sizes(values: Sequence[float]) -> list[str]:
    """Numbers on a logarithmic scale, compared with the largest."""
    largest = max((value for value in values if isfinite(value)), default=0.0)
    return [_size(value, largest) for value in values]


def _size(value: float, largest: float) -> str:
    if not isfinite(value):
        return INFINITE
    if value <= 0 or largest <= 0:
        return ZERO
    return BLOCKS[max(0, len(BLOCKS) - 1 - floor(log10(largest / value)))]


def _shares(values: Sequence[float]) -> list[str]:
    """Numbers from 0 to 1 on a linear scale."""
    return [ZERO if not value > 0 else BLOCKS[min(len(BLOCKS) - 1, floor(value * len(BLOCKS)))] for value in values]


def _number(value: float) -> str:
    return f"{value:.2g}"
