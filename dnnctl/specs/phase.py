"""Phases: training in stretches that differ in what is trained, by which optimizer, at which rates."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.field import BY_FORM, CHOICE, LIST, WORD, Count, Kind, Section
from dnnctl.specs.optimizer import AnyOptimizer
from dnnctl.specs.reuse import LayerNames
from dnnctl.specs.schedule import AnySchedule


class Same(Kind):
    """That of the phase before; of the first phase, the spec's own."""

    kind: Literal["same"]


SAME = Same.model_construct(kind="same")

FreezeWord: TypeAlias = Annotated[Literal["auto", "reused", "none"], WORD]
PhaseOptimizer: TypeAlias = Annotated[AnyOptimizer | Same, *CHOICE]
PhaseSchedule: TypeAlias = Annotated[AnySchedule | Same, *CHOICE]


class Phase(Section):
    """A stretch of training. Early stopping ends the phase, and with the last one training."""

    epochs: Count
    """How often every training example is seen in it."""
    freeze: Annotated[FreezeWord | Annotated[LayerNames, LIST], BY_FORM] = "auto"
    """The layers that stay as they are, batch normalization in inference mode: `reused` (or pretrained) ones, `none`,
    or those of these names; `auto`: in the first phase what `model.reuse.freeze` says, in later ones none.
    """
    optimizer: PhaseOptimizer = SAME
    """A new one, which starts fresh; with `same` the one before goes on, with all that it has gathered."""
    schedule: PhaseSchedule = SAME
    """A new one, which counts from the phase's beginning, as every schedule does behind a new optimizer; with `same`
    and the same optimizer the one before goes on, over all the phases that share it.
    """
