"""Reuse: starting from a trained network instead of from random weights."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.field import BY_FORM, LIST, NUMBER, WORD, Count, Section

LayerNames: TypeAlias = Annotated[list[str], Field(min_length=1)]
AllButLast: TypeAlias = Annotated[Literal["all_but_last"], WORD]


class Reuse(Section):
    """The weights of a trained network's layers, copied; the network itself is never changed. Inputs are scaled as they
    were for it. The layers are those of the spec that have weights, each with the normalization and the activation
    that belong to it; weights are copied in the order in which they stand, and their shapes must be the same.

    Source: Yosinski et al., 2014.
    """

    run: Annotated[str, Field(min_length=1)]
    """The trained run (its id, the beginning of it, its name, `last`, or its folder), or a .keras file."""
    layers: Annotated[AllButLast | Annotated[Count, NUMBER] | Annotated[LayerNames, LIST], BY_FORM] = "all_but_last"
    """Which: all but its last one, so many from the first on, or those of these names, as `dnnctl show` lists them."""
    freeze: bool = True
    """Whether they stay as they are: through all of training or, where there are `training.phases`, the first one."""
