"""A probe as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from dnnctl.compare.report.heat import QUANTITIES, heat_map
from dnnctl.compare.report.markup import table
from dnnctl.store.environment import installed_version
from dnnctl.store.layer_statistics import LayerStatistics, Measurement
from dnnctl.text import format_count

HEADER = ["layer", "activation", "mean", "standard deviation", "dead", "saturated", "gradient", "update"]
STYLE = (
    ".opening-lines { white-space: pre-wrap; font-family: ui-monospace, monospace; font-size: .9rem; max-width: none; }"
)


def build_probe_page(title: str, opening: Sequence[str], measurements: Sequence[Measurement]) -> str:
    """A probe as HTML.

    Args:
        opening: the lines of the verdict and of what to change.
    """
    here = files("dnnctl.compare.report")
    labels = [f"after {format_count(each.step, 'step')}" if each.step else "at the start" for each in measurements]
    lines = escape("\n".join(opening))
    parts = [f'<p class="verdict opening-lines">{lines}</p>', "<h2>Over depth</h2>"]
    parts += [heat_map(CAPTIONS[name], labels, measurements, name, by_layer=False) for name in _shown(measurements)]
    for label, each in zip(labels, measurements, strict=True):
        parts.append(f"<h2>{escape(label.capitalize())}: {each.verdict}</h2>")
        parts.append(table("", HEADER, [_row(layer) for layer in each.layers]))
    return Template((here / "probe_page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        style=(here / "page.css").read_text(encoding="utf-8") + STYLE,
        body="\n".join(parts),
        version=str(installed_version("dnnctl")),
    )


def _shown(measurements: Sequence[Measurement]) -> list[str]:
    """The quantities that are not 0 everywhere."""
    layers = [layer for each in measurements for layer in each.layers[:-1]]
    return [name for name, (number, is_log) in QUANTITIES.items() if is_log or any(map(number, layers))]


CAPTIONS = {
    "signal": "Signal: the size of the outputs (root mean square). A colour is 8 orders of magnitude wide.",
    "gradient": "Gradient: its root mean square over the weights. A colour is 8 orders of magnitude wide.",
    "dead": "Dead: the fraction of units that are zero for every example.",
    "saturated": "Saturated: the fraction of outputs near the limits of the activation function.",
}


def _row(layer: LayerStatistics) -> list[str]:
    shares = [f"{layer.dead:.1%}", f"{layer.saturated:.1%}"]
    numbers = [f"{value:.3g}" for value in (layer.mean, layer.deviation)]
    return [layer.layer, layer.activation, *numbers, *shares, f"{layer.gradient:.3g}", f"{layer.update:.3g}"]
