"""Initial weights: whether signals keep their size on the way through the layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt
from typing import Any

from dnnctl.advice.finding import Finding, Fix, Severity, change
from dnnctl.advice.network import Hidden, units_of
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule

RELU_FAMILY = {
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "gelu", "mish", "swish", "silu", "hard_swish",
}  # fmt: skip
TANH_FAMILY = {"tanh", "sigmoid", "hard_sigmoid", "hard_tanh", "softsign"}
SHALLOW = 3
"""Up to this depth, the initializer changes little."""
SMALLEST_GAIN, LARGEST_GAIN = 0.2, 5.0
"""The range of σ·√fan_in in which a few layers pass a signal on; LeCun has 1, He √2."""
MIN_DEPTH = 2


def is_lecun(value: Any) -> bool:
    """Whether the variance of the weights is 1/fan_in."""
    return value.kind in ("lecun_normal", "lecun_uniform") or _is_scaling(value, 1.0, "fan_in")


def is_he(value: Any) -> bool:
    """Whether the variance of the weights is 2/fan_in, or 2/fan_avg."""
    return value.kind in ("he_normal", "he_uniform") or any(
        _is_scaling(value, 2.0, mode) for mode in ("fan_in", "fan_avg", "fan_out")
    )


def _is_scaling(value: Any, scale: float, mode: str) -> bool:
    return bool(value.kind == "variance_scaling" and value.scale == scale and value.mode == mode)


def initializer_for(activation: str) -> str:
    """The usual initializer of layers with an activation function."""
    if activation == "selu":
        return "lecun_normal"
    return "he_normal" if activation in RELU_FAMILY else "glorot_uniform"


def better_start(recipe: Recipe, hidden: Hidden) -> Fix:
    """A fix that gives a layer the usual initializer: where the present one is written, or in the layer itself if other
    layers that need another one inherit it, too.
    """
    path, kind = hidden.paths["initializer"], initializer_for(hidden.activation)
    sharing = [each for each in recipe.network.hidden if each.paths["initializer"] == path]
    is_shared = any(initializer_for(each.activation) != kind for each in sharing)
    return change((*hidden.path, "initializer") if is_shared else path, kind)


def _severity(recipe: Recipe) -> Severity | None:
    """In a shallow network, the initializer changes little."""
    return "hint" if recipe.network.depth <= SHALLOW else None


def _needs_good_start(recipe: Recipe) -> bool:
    """Whether nothing else keeps the scale of the signals."""
    return not recipe.network.is_normalized and recipe.spec.model.reuse == "none"


@rule("relu-initializer", "warning")
def relu(recipe: Recipe) -> Iterator[Finding]:
    """ReLU and its variants set about half of their inputs to almost 0. He initialization makes up for this with the
    variance 2/fan_in; with less, signals and gradients shrink with each layer.

    Source: He et al., 2015.
    """
    if not _needs_good_start(recipe):
        return
    for each in recipe.network.hidden:
        is_named = each.values["initializer"].kind.startswith(("glorot", "lecun"))
        if each.activation in RELU_FAMILY and is_named:
            reason = f"{each.activation} needs the initializer he_normal, not {each.values['initializer'].kind}"
            yield Finding(each.paths["initializer"], reason, better_start(recipe, each), severity=_severity(recipe))


@rule("tanh-initializer", "warning")
def tanh(recipe: Recipe) -> Iterator[Finding]:
    """Tanh and sigmoid saturate if the weights are large. Glorot initialization keeps the variance of signals and of
    gradients about the same; He initialization doubles it in each layer.

    Source: Glorot and Bengio, 2010.
    """
    if not _needs_good_start(recipe):
        return
    for each in recipe.network.hidden:
        if each.activation in TANH_FAMILY and is_he(each.values["initializer"]):
            reason = f"{each.activation} saturates with He initialization"
            yield Finding(each.paths["initializer"], reason, better_start(recipe, each), severity=_severity(recipe))


@rule("symmetric-initializer", "error")
def symmetric(recipe: Recipe) -> Iterator[Finding]:
    """If all weights of a layer have the same value, all its units compute the same and get the same gradient. They
    stay equal for ever, as if the layer had a single unit.
    """
    for each in recipe.network.hidden:
        if each.values["initializer"].kind in ("zeros", "ones", "constant"):
            reason = "with equal initial weights, all units of the layer stay equal"
            yield Finding(each.paths["initializer"], reason, better_start(recipe, each))


@rule("initializer-scale", "warning")
def scale(recipe: Recipe) -> Iterator[Finding]:
    """A layer multiplies the standard deviation of its inputs by about σ·√fan_in, where σ is that of its weights. If
    this is far from 1, signals vanish, explode or saturate within a few layers.

    Source: Glorot and Bengio, 2010.
    """
    if not _needs_good_start(recipe) or recipe.network.depth < MIN_DEPTH:
        return
    for each, fan_in in _with_fan_in(recipe.network.hidden):
        stddev = _stddev(each.values["initializer"])
        gain = stddev * sqrt(fan_in) if stddev and fan_in else 1.0
        if not SMALLEST_GAIN <= gain <= LARGEST_GAIN:
            effect = "shrinks" if gain < 1 else "enlarges"
            reason = f"with {fan_in} inputs, a standard deviation of {stddev:.2g} {effect} signals by a factor of "
            reason += f"{1 / gain:.3g}" if gain < 1 else f"{gain:.3g}"
            yield Finding(each.paths["initializer"], reason, replace(better_start(recipe, each), is_safe=False))


def _with_fan_in(hidden: tuple[Hidden, ...]) -> Iterator[tuple[Hidden, int | None]]:
    """Dense layers with the number of their inputs, as far as the previous layer tells."""
    previous: int | None = None
    for each in hidden:
        units = units_of(each.layer)
        yield each, units if each.count > 1 else previous
        previous = units


def _stddev(value: Any) -> float | None:
    """The standard deviation of weights that do not depend on the fan."""
    if value.kind in ("random_normal", "truncated_normal"):
        return float(value.stddev)
    return float(value.limit) / sqrt(3) if value.kind == "random_uniform" else None
