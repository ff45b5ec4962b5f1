"""The output and the loss: whether they fit each other and the classes."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.depth import OUTPUT
from dnnctl.advice.finding import Finding, change
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule
from dnnctl.specs.model import Output

PATH = ("model", "output")
CATEGORICAL = ("sparse_categorical_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy")
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")


def _output(recipe: Recipe) -> Output | None:
    """The output, if the spec describes it."""
    output = recipe.spec.model.output
    return output if isinstance(output, Output) else None


@rule("one-unit-softmax", "error")
def one_unit(recipe: Recipe) -> Iterator[Finding]:
    """Softmax divides by the sum over all units. Of a single unit, the result is always 1, and nothing can be
    learned.
    """
    output = _output(recipe)
    if output and output.activation.kind == "softmax" and output.units == 1:
        reason = "softmax of a single unit is always 1"
        yield Finding((*PATH, "activation"), reason, change((*PATH, "activation"), "sigmoid", is_safe=False))


@rule("output-loss", "error")
def loss(recipe: Recipe) -> Iterator[Finding]:
    """Categorical crossentropy expects probabilities that sum to 1, which softmax gives. Binary crossentropy treats
    each output as an answer of its own, which sigmoid gives.
    """
    output, kind = _output(recipe), recipe.spec.loss.kind
    if output is None:
        return
    activation, path = output.activation.kind, (*PATH, "activation")
    if kind in CATEGORICAL and activation not in ("auto", "softmax", "sparsemax"):
        reason = f"{kind} needs probabilities that sum to 1, which {activation} does not give"
        yield Finding(path, reason, change(path, "auto"))
    if kind in BINARY and activation not in ("auto", "sigmoid", "softmax"):
        reason = f"{kind} needs values from 0 to 1, which {activation} does not give"
        yield Finding(path, reason, change(path, "auto"))


@rule("output-units", "error")
def units(recipe: Recipe) -> Iterator[Finding]:
    """A network for classes has one output for each class, or a single one for two classes."""
    output, n = _output(recipe), recipe.n_classes
    if output is None or n is None or output.units == "auto" or output.units == n or (n == 2 and output.units == 1):
        return
    reason = f"the network has {output.units} output{'s' * (output.units != 1)}, but the data have {n} classes"
    yield Finding((*PATH, "units"), reason, change((*PATH, "units"), "auto"))


@rule("loss-of-classes", "warning")
def regression_loss(recipe: Recipe) -> Iterator[Finding]:
    """An error such as the mean squared error has tiny gradients where a class is confidently wrong. Crossentropy is
    the loss for classes.
    """
    kind = recipe.spec.loss.kind
    if recipe.n_classes and kind in ("mse", "mae", "huber", "mape", "msle", "log_cosh"):
        reason = f"{kind} is a loss for numbers, but the targets are classes"
        yield Finding(("loss",), reason, change(("loss",), "auto", is_safe=False))


@rule("softmax-layer", "warning")
def softmax_inside(recipe: Recipe) -> Iterator[Finding]:
    """Softmax in a hidden layer makes its units compete, so that little information and small gradients get through."""
    for each in recipe.network.hidden:
        if each.activation in ("softmax", "sparsemax"):
            reason = f"{each.activation} is for the output, not for hidden layers"
            is_last = each is recipe.network.hidden[-1]
            yield Finding(each.paths["activation"], reason, advice=OUTPUT if is_last else "Use relu with he_normal.")
