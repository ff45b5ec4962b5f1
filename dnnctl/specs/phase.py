"""Phases: parts of training with their own frozen layers, optimizer and schedule."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, WORD, Count, Kind, Section
from dnnctl.specs.optimizer import AnyOptimizer
from dnnctl.specs.reuse import LayerNames
from dnnctl.specs.schedule import AnySchedule


class Same(Kind):
    """The same as in the previous phase; in the first phase, the same as at the top level of the spec."""

    kind: Literal["same"]


SAME = Same.model_construct(kind="same")

FreezeWord: TypeAlias = Annotated[Literal["auto", "reused", "none"], WORD]
PhaseOptimizer: TypeAlias = Annotated[AnyOptimizer | Same, *CHOICE]
PhaseSchedule: TypeAlias = Annotated[AnySchedule | Same, *CHOICE]


class Phase(Section):
    """A part of training. Early stopping ends the current phase; in the last phase it ends training."""

    epochs: Count
    """The number of epochs of the phase."""
    freeze: Annotated[FreezeWord | Annotated[LayerNames, LIST], BY_FORM] = "auto"
    """The layers that are not trained; their batch normalization runs in inference mode. `reused`: the reused or
    pretrained layers. `none`: no layers. A list: the layers with these names. `auto`: in the first phase `reused` if
    `model.reuse.freeze` is true, otherwise `none`.
    """
    optimizer: PhaseOptimizer = SAME
    """The optimizer. A new one starts without state; `same` continues the previous one with its state."""
    schedule: PhaseSchedule = SAME
    """The schedule. A new one starts at the beginning of the phase; so does every schedule with a new optimizer.
    `same`, with the same optimizer, continues the previous one, which then spans all phases that share it.
    """
