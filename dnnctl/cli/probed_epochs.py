"""What a run recorded about its layers, for `dnnctl show`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dnnctl.cli.heat_strip import LEGEND, draw_strips
from dnnctl.cli.printing import print_drawing, print_text
from dnnctl.cli.table import terminal_width, wrap_text
from dnnctl.store.layer_statistics import Measurement


def print_probed(measurements: Sequence[Measurement]) -> None:
    """Print the verdict of each probed epoch, and the strips of the last one."""
    last = measurements[-1]
    print_text(wrap_text(f"layers: {verdicts_in_brief(measurements)}", terminal_width(), indent=8))
    print_text(f"after epoch {last.epoch}, first to last gradient {last.gradient_ratio:.2g}:")
    print_drawing(draw_strips(last))
    print_text(wrap_text(LEGEND, terminal_width()), dim=True)


def verdicts_in_brief(measurements: Sequence[Measurement]) -> str:
    """The verdicts in the order of training: `healthy after epochs 1 to 4, dead after epoch 5`."""
    parts = []
    for verdict, group in groupby(measurements, key=lambda each: each.verdict):
        epochs = [each.epoch for each in group]
        when = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
        parts.append(f"{verdict} after {when}")
    return ", ".join(parts)
