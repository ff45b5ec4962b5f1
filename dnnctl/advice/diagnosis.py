"""What the statistics of the layers say about a network: healthy, or what is wrong and in which layers.

Let s be the size of a layer's signal (the root mean square of its outputs), s₁ that of the first layer, g the gradient
of a layer, and g_last that of the output. The rules are tried in this order:

    exploding   s > 100·s₁, or s or g is infinite or NaN
    dead        at least 3/4 of the units of a layer are zero for every example, but the layer before it has a signal
    saturated   at least 1/2 of the outputs of a sigmoid, tanh or softsign are near a limit
    vanishing   s < s₁/100
    exploding   g > 1,000·g_last
    vanishing   g < g_last/1,000

The output is measured, but never to blame, except for numbers that are infinite or NaN. The limits are far from what
networks show that train well: there s stays within a factor of 10, and g within a factor of 50.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from dnnctl.store.layer_statistics import HEALTHY, LayerStatistics, Verdict, signal

FAR_SIGNAL, FAR_GRADIENT = 100.0, 1000.0
"""Signals and gradients that differ by these factors do not fit together."""
DEAD = 3 / 4
SATURATED = 1 / 2
Layers = Sequence[LayerStatistics]


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a network, and where."""

    verdict: Verdict
    layers: tuple[str, ...] = ()
    """The layers to blame."""
    reason: str = ""
    """One sentence, without a full stop at its end."""


def diagnose(layers: Layers) -> Diagnosis:
    """What the statistics of all layers, the output last, say about the network."""
    return next((found for rule in RULES if (found := rule(layers)) is not None), Diagnosis(HEALTHY))


def _infinite(layers: Layers) -> Diagnosis | None:
    bad = [each for each in layers if not (isfinite(signal(each)) and isfinite(each.gradient))]
    return _found("exploding", bad, "outputs or gradients are infinite or NaN")


def _growing_signal(layers: Layers) -> Diagnosis | None:
    first = signal(layers[0])
    grown = [each for each in layers[:-1] if signal(each) > FAR_SIGNAL * first > 0]
    factor = max((signal(each) for each in grown), default=0.0) / (first or 1.0)
    size = f"by a factor of {factor:.2g}" if isfinite(factor) else "until they are infinite"
    return _found("exploding", grown, f"signals grow through the layers, {size}")


def _growing_gradient(layers: Layers) -> Diagnosis | None:
    last = layers[-1].gradient
    grown = [each for each in layers[:-1] if each.gradient > FAR_GRADIENT * last > 0]
    factor = max((each.gradient for each in grown), default=0.0) / (last or 1.0)
    return _found(
        "exploding", grown, f"gradients grow on the way back to the first layers, by a factor of {factor:.2g}"
    )


def _dead(layers: Layers) -> Diagnosis | None:
    first = signal(layers[0])
    before = [first or 1.0, *map(signal, layers)]
    dead = [
        each
        for each, incoming in zip(layers[:-1], before, strict=False)
        if each.dead >= DEAD and incoming > 0 and FAR_SIGNAL * incoming >= first
    ]
    worst = max((each.dead for each in dead), default=0.0)
    return _found("dead", dead, f"up to {worst:.0%} of the units of a layer are zero for every example")


def _saturated(layers: Layers) -> Diagnosis | None:
    flat = [each for each in layers[:-1] if each.saturated >= SATURATED]
    worst = max((each.saturated for each in flat), default=0.0)
    return _found(
        "saturated", flat, f"up to {worst:.0%} of the outputs of a layer are near the limits of its activation"
    )


def _fading_signal(layers: Layers) -> Diagnosis | None:
    first = signal(layers[0])
    faded = [each for each in layers[:-1] if FAR_SIGNAL * signal(each) < first]
    least = min((signal(each) for each in faded), default=0.0)
    reason = f"signals fade through the layers, to {least / (first or 1.0):.2g} of their size" if least else ""
    return _found("vanishing", faded, reason or "signals fade through the layers to exactly 0")


def _fading_gradient(layers: Layers) -> Diagnosis | None:
    last = layers[-1].gradient
    faded = [each for each in layers[:-1] if FAR_GRADIENT * each.gradient < last]
    least = min((each.gradient for each in faded), default=0.0) / (last or 1.0)
    reason = f"gradients fade on the way back to the first layers, to {least:.2g} of that of the output"
    return _found("vanishing", faded, reason)


def _found(verdict: Verdict, blamed: Iterable[LayerStatistics], reason: str) -> Diagnosis | None:
    names = tuple(each.layer for each in blamed)
    return Diagnosis(verdict, names, reason) if names else None


RULES: tuple[Callable[[Layers], Diagnosis | None], ...] = (
    _growing_signal,
    _infinite,
    _dead,
    _saturated,
    _fading_signal,
    _growing_gradient,
    _fading_gradient,
)
"""In the order in which they are tried: causes before effects, and signals before the gradients that depend on them."""
