"""Normalization: what it makes superfluous, and in which order it works."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.finding import Finding, change
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule

DROPOUTS = ("dropout", "gaussian_dropout", "spatial_dropout", "alpha_dropout")
SMALL_BATCH = 8


@rule("bias-before-batch-norm", "hint")
def bias(recipe: Recipe) -> Iterator[Finding]:
    """Batch normalization subtracts the mean of its inputs, and with it any bias of the layer before. Its own β does
    the same job.
    """
    for each in recipe.network.hidden:
        normalization = each.values["normalization"]
        comes_first = normalization.kind == "batch" and normalization.position == "before_activation"
        if comes_first and each.values["use_bias"] is True:
            reason = "batch normalization cancels the bias of the layer before it"
            yield Finding(each.paths["use_bias"], reason, change(each.paths["use_bias"], "auto"))


@rule("dropout-before-batch-norm", "warning")
def dropout(recipe: Recipe) -> Iterator[Finding]:
    """Dropout changes the variance of its outputs between training and inference. A batch normalization after it has
    learned the variance of training, so that its outputs are wrong at inference.

    Source: Li et al., 2018.
    """
    normalizations = [n for n, part in enumerate(recipe.network.parts) if part.kind == "batch"]
    for number, part in enumerate(recipe.network.parts):
        if part.kind in DROPOUTS and part.value.rate and normalizations and number < normalizations[-1]:
            advice = "Use dropout only after the last batch normalization."
            yield Finding(part.path, "batch normalization comes after this dropout", advice=advice)


@rule("batch-norm-batch-size", "warning")
def small_batch(recipe: Recipe) -> Iterator[Finding]:
    """Batch normalization estimates means and variances from the batch. From a few examples, they are mostly noise.

    Source: Wu and He, 2018.
    """
    size = recipe.spec.training.batch_size
    if size < SMALL_BATCH and any(part.kind == "batch" for part in recipe.network.parts):
        advice = "Use larger batches, or layer normalization."
        yield Finding(("training", "batch_size"), f"batch normalization is noisy with batches of {size}", advice=advice)
