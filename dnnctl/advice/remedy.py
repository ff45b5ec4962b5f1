"""What to change in a spec if a probe finds that signals or gradients do not pass through its network."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.diagnosis import Diagnosis
from dnnctl.advice.finding import Finding, Fix, change
from dnnctl.advice.initialization import TANH_FAMILY, better_start, initializer_for
from dnnctl.advice.network import Hidden, hidden_by_name
from dnnctl.advice.recipe import Recipe
from dnnctl.specs.experiment import Spec
from dnnctl.specs.schedule import OneCycle
from dnnctl.store.layer_statistics import HEALTHY

MAX_SATURATING = 3
"""Through more layers of sigmoid or tanh, another activation is better than another initializer."""
SLOWER = 10.0
CLIP = {"kind": "norm", "value": 1.0}


def remedies(spec: Spec, diagnosis: Diagnosis, *, is_initial: bool) -> list[Finding]:
    """What to change, the best first; each alone may be enough.

    Args:
        is_initial: whether the network is like this before the first step. Otherwise training made it so.
    """
    if diagnosis.verdict == HEALTHY:
        return []
    recipe, by_name = Recipe(spec), hidden_by_name(spec)
    blamed = [by_name[name] for name in diagnosis.layers if name in by_name] or list(by_name.values())
    found = list(_of_start(recipe, blamed, diagnosis) if is_initial else _of_training(recipe, blamed, diagnosis))
    return list({str(each.fix or each.advice): each for each in found}.values())


def _of_start(recipe: Recipe, blamed: list[Hidden], diagnosis: Diagnosis) -> Iterator[Finding]:
    """Changes of how the network is built."""
    network = recipe.network
    unscaled = recipe.spec.data.array_scaling == "none" and not recipe.has_table and not network.starts_normalized
    if unscaled and diagnosis.verdict in ("saturated", "exploding"):
        yield Finding(
            ("data", "scaling"), "inputs with mean 0 and variance 1", change(("data", "scaling"), "standardize")
        )
    for hidden in blamed:
        yield from _better_layer(recipe, hidden, diagnosis)
    if not network.is_normalized:
        yield from (_normalized(hidden) for hidden in blamed)
    elif not network.has_residual:
        advice = "Use fewer layers, or put them into `residual` blocks."
        yield Finding(blamed[0].path, "each block starts near the identity", advice=advice)


def _better_layer(recipe: Recipe, hidden: Hidden, diagnosis: Diagnosis) -> Iterator[Finding]:
    """Another activation or initializer for a layer."""
    initializer, kind = hidden.values["initializer"].kind, hidden.activation
    if diagnosis.verdict == "dead":
        fix = Fix(((hidden.paths["activation"], "leaky_relu"), (hidden.paths["initializer"], "he_normal")))
        yield Finding(hidden.paths["activation"], "a leaky ReLU has a gradient for negative inputs, too", fix)
    elif kind in TANH_FAMILY and recipe.network.depth > MAX_SATURATING and not recipe.network.is_normalized:
        fix = Fix(((hidden.paths["activation"], "relu"), (hidden.paths["initializer"], "he_normal")))
        yield Finding(hidden.paths["activation"], f"{kind} is flat for large inputs, relu is not", fix)
    elif not initializer.startswith(initializer_for(kind).partition("_")[0]) and kind != "linear":
        reason = f"{initializer_for(kind)} keeps the size of signals through layers with {kind}"
        yield Finding(hidden.paths["initializer"], reason, better_start(recipe, hidden))


def _normalized(hidden: Hidden) -> Finding:
    path = hidden.paths["normalization"]
    return Finding(path, "batch normalization gives each layer inputs of the same size", change(path, "batch"))


def _of_training(recipe: Recipe, blamed: list[Hidden], diagnosis: Diagnosis) -> Iterator[Finding]:
    """Changes of how a network is trained that is healthy before the first step."""
    yield from _lower_rate(recipe)
    if recipe.phases[0].optimizer.clip.kind == "none" and diagnosis.verdict == "exploding":
        path = (*recipe.phases[0].optimizer_path, "clip")
        yield Finding(path, "clipping bounds the gradient of each step", change(path, CLIP))
    if diagnosis.verdict == "dead":
        for hidden in blamed:
            yield from _better_layer(recipe, hidden, diagnosis)
    if not recipe.network.is_normalized:
        yield from map(_normalized, blamed)


def _lower_rate(recipe: Recipe) -> Iterator[Finding]:
    phase = recipe.phases[0]
    path, rate = (*phase.optimizer_path, "learning_rate"), phase.optimizer.learning_rate
    if isinstance(phase.schedule, OneCycle):
        path, rate = (*phase.schedule_path, "max_rate"), phase.schedule.max_rate
    if rate != "auto":
        lower = float(f"{rate / SLOWER:.3g}")
        yield Finding(
            path, "the network is healthy before the first step, so smaller steps may be enough", change(path, lower)
        )
