"""What a run recorded about its layers: heat maps over epochs and layers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from dnnctl.compare.report.heat import heat_map
from dnnctl.store.layer_statistics import HEALTHY, Measurement

MAX_EPOCHS = 60
"""The maximum number of epochs that are drawn, evenly spaced."""


def describe_probed(measurements: Sequence[Measurement]) -> str:
    """The heat maps of a run's gradients and signals; empty without measurements."""
    if not measurements:
        return ""
    kept = np.unique(np.linspace(0, len(measurements) - 1, min(len(measurements), MAX_EPOCHS)).astype(int))
    shown = [measurements[place] for place in kept]
    labels = [f"epoch {each.epoch}" for each in shown]
    ends = f"epoch {shown[0].epoch} on the left, epoch {shown[-1].epoch} on the right"
    captions = {
        "gradient": f"Gradient of each layer, {ends}. A colour is 8 orders of magnitude wide; × is to blame.",
        "signal": "Size of the outputs of each layer.",
    }
    maps = [heat_map(caption, labels, shown, name, by_layer=True) for name, caption in captions.items()]
    return f"<h3>Signals and gradients</h3><p>{escape(_verdict(measurements))}</p>{''.join(maps)}"


def _verdict(measurements: Sequence[Measurement]) -> str:
    bad = [each for each in measurements if each.verdict != HEALTHY]
    if not bad:
        return f"Healthy after all {len(measurements)} probed epochs."
    words = ", ".join(dict.fromkeys(each.verdict for each in bad))
    count = f"{len(bad)} of {len(measurements)} probed epochs"
    return f"Not healthy after {count} ({words}), first after epoch {bad[0].epoch}."
