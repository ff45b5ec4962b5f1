"""The data: their scale, and whether there are enough of them for what the spec does with them."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from dnnctl.advice.finding import Finding, change
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule
from dnnctl.specs.source import may_have_validation

MIN_PER_CLASS = 10
MAX_ERROR = 0.02
"""The largest standard error of an accuracy of 0.9 that still tells good recipes apart."""


@rule("unscaled-inputs", "warning")
def scaling(recipe: Recipe) -> Iterator[Finding]:
    """Initializers assume inputs of about the size 1. With pixels from 0 to 255, the first layer saturates, or its
    gradients are hundreds of times too large.
    """
    network = recipe.network
    is_scaled = recipe.has_table or recipe.spec.data.array_scaling != "none" or network.starts_normalized
    if is_scaled or "selu" in network.activations:  # which has a rule of its own
        return
    if recipe.has_images:
        yield Finding(
            ("data", "scaling"),
            "the inputs are pixels from 0 to 255 and are not scaled",
            change(("data", "scaling"), "unit"),
        )
    else:
        reason = "the inputs are not scaled, unless the file contains scaled values"
        fix = change(("data", "scaling"), "standardize", is_safe=False)
        yield Finding(("data", "scaling"), reason, fix, severity="hint")


@rule("batch-larger-than-data", "warning")
def batch(recipe: Recipe) -> Iterator[Finding]:
    """With a batch of all examples there is one step per epoch, so that little is learned in an epoch."""
    size, n = recipe.spec.training.batch_size, recipe.n_train
    if n and size >= n:
        reason = f"a batch of {size} takes all {n} training examples in one step"
        fix = change(("training", "batch_size"), min(32, max(n // 10, 1)), is_safe=False)
        yield Finding(("training", "batch_size"), reason, fix)


@rule("few-examples", "warning")
def few(recipe: Recipe) -> Iterator[Finding]:
    """With fewer than about ten examples of a class, a network learns the examples and not the class."""
    n, n_classes = recipe.n_train, recipe.n_classes
    if n is not None and n_classes and n < MIN_PER_CLASS * n_classes and recipe.spec.model.reuse == "none":
        reason = f"{n} training examples are left for {n_classes} classes"
        key = "limit" if recipe.spec.data.limit != "none" else "validation"
        yield Finding(("data", key), reason, advice="Keep more of the data for training.")


@rule("small-validation", "hint")
def validation(recipe: Recipe) -> Iterator[Finding]:
    """The accuracy of n examples has a standard error of √(p(1 − p)/n). If that is larger than the differences between
    recipes, the best epoch and the best recipe are chosen by chance.
    """
    n = recipe.n_validation
    if n and recipe.n_classes and sqrt(0.9 * 0.1 / n) > MAX_ERROR:
        reason = f"with {n} validation examples, an accuracy of 0.9 is uncertain by ± {1.96 * sqrt(0.09 / n):.2f}"
        advice = "Set more examples aside, or use cross-validation (`dnnctl train --folds 5`)."
        yield Finding(("data", "validation"), reason, advice=advice)


@rule("no-validation", "hint")
def no_validation(recipe: Recipe) -> Iterator[Finding]:
    """Without a validation split, the best epoch is chosen by the training loss, which prefers overfitting."""
    if recipe.spec.data.validation == "none" and not may_have_validation(recipe.spec.data.source):
        reason = "without a validation split, the best epoch is that with the smallest training loss"
        fix = change(("data", "validation"), {"size": 0.1}, is_safe=False)
        yield Finding(("data", "validation"), reason, fix)
