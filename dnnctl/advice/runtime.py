"""The runtime: what does not pay off on the device."""

from __future__ import annotations

from collections.abc import Iterator

from dnnctl.advice.finding import Finding, change
from dnnctl.advice.recipe import Recipe
from dnnctl.advice.rule import rule

PATH = ("runtime", "precision")


@rule("mixed-precision-on-cpu", "warning")
def mixed_precision(recipe: Recipe) -> Iterator[Finding]:
    """Mixed precision is faster on GPUs with units for 16-bit numbers. CPUs compute float16 in software, which is
    slower and less precise.
    """
    runtime = recipe.spec.runtime
    if runtime.device == "cpu" and runtime.precision != "float32":
        yield Finding(PATH, f"{runtime.precision} is slower than float32 on a CPU", change(PATH, "float32"))
