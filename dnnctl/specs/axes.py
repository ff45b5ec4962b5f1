"""The axes of each layer's input, as far as a spec determines them without its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dnnctl.specs.experiment import Spec
from dnnctl.specs.field import Kind
from dnnctl.specs.layer import BatchNorm, Conv2D, Flatten, GlobalPool, LayerNorm, Pool, Reshape, Residual
from dnnctl.specs.path import Path
from dnnctl.specs.source import BuiltIn

FLAT, IMAGE = 2, 4
"""Numbers of axes, including that of the batch."""
N_AXES = {"cifar10": IMAGE, "cifar100": IMAGE, "california_housing": FLAT}
"""The number of axes of the inputs of a built-in source. The others have grey images."""


def wrong_axes(spec: Spec) -> Iterator[tuple[Path, str]]:
    """The path of each axis that is certainly wrong, and the rule."""
    source = spec.data.source
    n_axes = N_AXES.get(source.kind, IMAGE - 1) if isinstance(source, BuiltIn) else None
    yield from _wrong_in(spec.model.layers, ("model", "layers"), n_axes)


def axis_problem(axis: int, n_axes: int | None) -> str:
    """Why a layer cannot normalize an axis; empty if it can.

    Args:
        n_axes: the number of axes of its input, including that of the batch; None if it is unknown.
    """
    if axis == 0 or axis == -(n_axes or 0):
        return "is the axis of the examples, which cannot be normalized"
    if n_axes is None or -n_axes < axis < n_axes:
        return ""
    return f"the input has {n_axes} axes, of which the first is that of the examples: the axis must be " + (
        "1 or -1" if n_axes == FLAT else f"1 to {n_axes - 1}, or -1 to {1 - n_axes}"
    )


def _wrong_in(layers: Sequence[Kind], path: Path, n_axes: int | None) -> Iterator[tuple[Path, str]]:
    for index, layer in enumerate(layers):
        if isinstance(layer, BatchNorm | LayerNorm):
            problem = axis_problem(layer.axis, n_axes)
            if problem:
                yield (*path, index, "axis"), problem
        if isinstance(layer, Residual):
            yield from _wrong_in(layer.layers, (*path, index, "layers"), n_axes)
        n_axes = axes_after(layer, n_axes)


def axes_after(layer: Kind, n_axes: int | None) -> int | None:
    """The number of axes of a layer's output; None if it is unknown."""
    if isinstance(layer, Flatten | GlobalPool):
        return FLAT
    if isinstance(layer, Conv2D | Pool):
        return IMAGE
    if isinstance(layer, Reshape):
        return len(layer.shape) + 1
    if isinstance(layer, Residual):
        for inner in layer.layers:
            n_axes = axes_after(inner, n_axes)
    return n_axes
