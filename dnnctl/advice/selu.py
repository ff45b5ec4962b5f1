"""What self-normalization with SELU needs, and what breaks it. Source: Klambauer et al., 2017."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.finding import Finding, change
from dnnctl.advice.initialization import better_start, is_lecun
from dnnctl.advice.network import Hidden
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule

INSTEAD = "Use alpha_dropout or early stopping instead."
BREAKING_REGULARIZERS = ("l1", "l2", "l1_l2")


def with_selu(recipe: Recipe) -> list[Hidden]:
    """The hidden layers with SELU."""
    return [each for each in recipe.network.hidden if each.activation == "selu"]


@rule("selu-initializer", "warning")
def initializer(recipe: Recipe) -> Iterator[Finding]:
    """SELU keeps the mean and the variance of each layer only if the weights have the variance 1/fan_in, which is LeCun
    initialization. With He or Glorot initialization, activations grow or shrink from layer to layer.
    """
    for each in with_selu(recipe):
        if not is_lecun(each.values["initializer"]):
            kind = each.values["initializer"].kind
            reason = f"SELU needs the initializer lecun_normal to normalize itself, not {kind}"
            yield Finding(each.paths["initializer"], reason, better_start(recipe, each))


@rule("selu-inputs", "warning")
def inputs(recipe: Recipe) -> Iterator[Finding]:
    """SELU keeps the mean 0 and the variance 1 that its inputs have. Inputs with another mean or variance must be
    standardized first.
    """
    is_standardized = recipe.has_table or recipe.spec.data.scaling == "standardize" or recipe.network.starts_normalized
    if with_selu(recipe) and not is_standardized:
        reason = "SELU needs inputs with mean 0 and variance 1"
        yield Finding(("data", "scaling"), reason, change(("data", "scaling"), "standardize"))


@rule("selu-normalization", "warning")
def normalization(recipe: Recipe) -> Iterator[Finding]:
    """A network with SELU normalizes itself. Batch or layer normalization shifts and scales what SELU has normalized,
    costs time, and adds nothing.
    """
    if not with_selu(recipe):
        return
    for part in recipe.network.parts[_first_weights(recipe) :]:
        if part.kind in ("batch", "layer"):
            advice = "Remove the normalization, or use another activation function."
            yield Finding(part.path, "SELU normalizes itself; a normalization layer breaks that", advice=advice)


@rule("selu-regularizer", "warning")
def regularizer(recipe: Recipe) -> Iterator[Finding]:
    """ℓ1, ℓ2 and max-norm make the weights smaller than the variance 1/fan_in that self-normalization needs."""
    for each in with_selu(recipe):
        if each.values["regularizer"].kind in BREAKING_REGULARIZERS:
            reason = f"{each.values['regularizer'].kind} shrinks weights, whose scale SELU needs"
            yield Finding(each.paths["regularizer"], reason, advice=INSTEAD)
        if each.values["constraint"].kind != "none":
            reason = f"{each.values['constraint'].kind} changes the scale of weights, which SELU needs"
            yield Finding(each.paths["constraint"], reason, advice=INSTEAD)


@rule("selu-dropout", "warning")
def dropout(recipe: Recipe) -> Iterator[Finding]:
    """Dropout sets values to 0, which changes the mean and the variance that SELU keeps. Alpha dropout sets them to the
    negative limit of SELU, and keeps both.
    """
    if not with_selu(recipe):
        return
    for part in recipe.network.parts[_first_weights(recipe) :]:
        if part.kind in ("dropout", "gaussian_dropout"):
            reason = f"{part.kind} breaks SELU's self-normalization"
            yield Finding(part.path, reason, change((*part.path, "kind"), "alpha_dropout"))


@rule("alpha-dropout", "warning")
def alpha_dropout(recipe: Recipe) -> Iterator[Finding]:
    """Alpha dropout sets values to the negative limit of SELU. After another activation function, this value means
    nothing, and plain dropout is better.
    """
    if not recipe.network.hidden or with_selu(recipe):
        return
    for part in recipe.network.parts:
        if part.kind == "alpha_dropout":
            reason = "alpha_dropout is for SELU, which no layer uses"
            yield Finding(part.path, reason, change((*part.path, "kind"), "dropout"))


@rule("selu-residual", "warning")
def residual(recipe: Recipe) -> Iterator[Finding]:
    """A residual block adds its input to its output, so that the variance grows with each block. Self-normalization
    needs a plain stack of layers.
    """
    for each in with_selu(recipe):
        if each.in_residual:
            advice = "Use another activation function in residual blocks, for example relu with he_normal."
            yield Finding(each.paths["activation"], "residual blocks break SELU's self-normalization", advice=advice)


@rule("selu-convolution", "hint")
def convolution(recipe: Recipe) -> Iterator[Finding]:
    """Self-normalization is proved for stacks of dense layers. In convolutional networks SELU often works well, but
    without the guarantee.
    """
    for each in with_selu(recipe):
        if each.is_convolution:
            advice = "relu with he_normal and batch normalization is the usual choice."
            reason = "SELU's self-normalization is proved for dense layers only"
            yield Finding(each.paths["activation"], reason, advice=advice)


def _first_weights(recipe: Recipe) -> int:
    """The index of the first part with weights: normalization before it is that of the inputs."""
    return next((n for n, part in enumerate(recipe.network.parts) if part.kind == "weights"), 0)
