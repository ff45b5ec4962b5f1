"""Reuse: starting from a pretrained network instead of random weights."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.field import BY_FORM, LIST, NUMBER, WORD, Count, Section

LayerNames: TypeAlias = Annotated[list[str], Field(min_length=1)]
AllButLast: TypeAlias = Annotated[Literal["all_but_last"], WORD]


class Reuse(Section):
    """Copies the weights of a pretrained network, which is never changed. Inputs are scaled as they were for it. Only
    layers with weights are counted, as the spec lists them: the normalization and the activation of a layer belong to
    it. Weights are copied in order, and their shapes must match.

    Source: Yosinski et al., 2014.
    """

    run: Annotated[str, Field(min_length=1)]
    """The pretrained network: a run (its id, a unique id prefix, its name, `last`, or its folder), or a .keras file."""
    layers: Annotated[AllButLast | Annotated[Count, NUMBER] | Annotated[LayerNames, LIST], BY_FORM] = "all_but_last"
    """The layers to reuse. `all_but_last`: all but the last one. A number N: the first N layers. A list: the layers
    with these names, as `dnnctl show` prints them.
    """
    freeze: bool = True
    """Whether the reused layers are frozen: in the first phase if there are `training.phases`, otherwise during
    all of training.
    """
