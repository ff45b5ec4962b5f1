"""Deep stacks: what they need so that gradients reach their first layers."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.finding import Finding
from dnnctl.advice.initialization import TANH_FAMILY
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule

MAX_SATURATING = 5
MAX_PLAIN = 10
OUTPUT = (
    "If it is meant as the output layer, remove it: that is added (`model.output`). "
    "Otherwise set an activation function, such as relu with `initializer: he_normal`."
)
"""What to do with the last hidden layer."""


@rule("saturating-stack", "warning")
def saturating(recipe: Recipe) -> Iterator[Finding]:
    """The slope of sigmoid is at most 1/4, and tanh and sigmoid are flat for large inputs. Through many such layers,
    gradients vanish.

    Source: Glorot and Bengio, 2010.
    """
    network = recipe.network
    saturating = [each for each in network.hidden if each.activation in TANH_FAMILY and not each.in_residual]
    count = sum(each.count for each in saturating)
    if count > MAX_SATURATING and not network.is_normalized:
        kinds = " and ".join(sorted({each.activation for each in saturating}))
        advice = "Use relu with he_normal or selu with lecun_normal, or add `normalization: batch`."
        reason = f"gradients vanish through {count} layers with {kinds} and no normalization"
        yield Finding(saturating[0].paths["activation"], reason, advice=advice)


@rule("deep-plain-network", "warning")
def plain(recipe: Recipe) -> Iterator[Finding]:
    """Without normalization, self-normalization or residual connections, small deviations of scale multiply over the
    layers, and a deep network is hard to train whatever its initializer is.

    Source: He et al., 2015.
    """
    network = recipe.network
    has_remedy = network.is_normalized or network.has_residual or "selu" in network.activations
    if network.depth > MAX_PLAIN and not has_remedy and not network.activations <= TANH_FAMILY:
        advice = "Add `normalization: batch`, use residual blocks, or use selu with lecun_normal."
        reason = f"{network.depth} layers without normalization, SELU or residual blocks are hard to train"
        yield Finding(max(network.hidden, key=lambda each: each.count).path, reason, advice=advice)


@rule("linear-layer", "warning")
def linear(recipe: Recipe) -> Iterator[Finding]:
    """Two linear layers in a row compute what one linear layer can compute. Without activation functions, a network of
    any depth is a linear model.
    """
    for each in recipe.network.hidden:
        if each.activation == "linear":
            is_last = each is recipe.network.hidden[-1]
            advice = OUTPUT if is_last else "Set an activation function, such as relu with `initializer: he_normal`."
            reason = "a hidden layer without an activation function adds nothing to the next layer"
            yield Finding(each.paths["activation"], reason, advice=advice)
