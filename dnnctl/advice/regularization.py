"""Dropout and penalties: too much of them, or in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.finding import Finding, Fix, change
from dnnctl.advice.normalization import DROPOUTS
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule

MAX_RATE = 0.5
MAX_STRENGTH = 0.1
ADAPTIVE = {"adam", "nadam", "adamax", "rmsprop", "adadelta", "lamb"}


@rule("dropout-rate", "warning")
def rate(recipe: Recipe) -> Iterator[Finding]:
    """With more than half of the values dropped, too little of the signal is left in most networks. Usual rates are 0.1
    to 0.5.

    Source: Srivastava et al., 2014.
    """
    for part in recipe.network.parts:
        if part.kind in DROPOUTS and part.value.rate > MAX_RATE:
            reason = f"a rate of {part.value.rate:g} drops most of the signal"
            yield Finding((*part.path, "rate"), reason, change((*part.path, "rate"), MAX_RATE, is_safe=False))


@rule("regularizer-strength", "warning")
def strength(recipe: Recipe) -> Iterator[Finding]:
    """The penalty is added to a loss of about 1. With a strength above 0.1, it usually outweighs the data, and weights
    become 0. Usual strengths are 1e-5 to 1e-2.
    """
    for each in recipe.network.hidden:
        value = each.values["regularizer"]
        for key in ("strength", "l1", "l2"):
            if getattr(value, key, 0.0) > MAX_STRENGTH:
                path, found = (*each.paths["regularizer"], key), getattr(value, key)
                reason = f"a penalty of {found:g} usually outweighs the data"
                yield Finding(path, reason, change(path, 1e-4, is_safe=False))


@rule("l2-with-adam", "hint")
def l2_with_adam(recipe: Recipe) -> Iterator[Finding]:
    """Adaptive optimizers divide the gradient of the ℓ2 penalty, too, so that weights with large gradients are decayed
    least. Decoupled weight decay, as in AdamW, decays all weights at the same rate.

    Source: Loshchilov and Hutter, 2017.
    """
    for phase in recipe.phases:
        if not phase.starts_optimizer or phase.optimizer.kind not in ADAPTIVE:
            continue
        kind = phase.optimizer.kind
        key, value = ("kind", "adamw") if kind == "adam" else ("weight_decay", 4e-3)
        for each in recipe.network.hidden:
            if each.values["regularizer"].kind == "l2":
                path = each.paths["regularizer"]
                fix = Fix(((path, "none"), ((*phase.optimizer_path, key), value)), is_safe=False)
                yield Finding(path, f"{kind} weakens an l2 penalty; weight decay is usually what is meant", fix)
