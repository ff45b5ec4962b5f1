"""What happens when the loss becomes infinite or NaN."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.field import CHOICE, Count, Kind, OpenFraction


class Stop(Kind):
    """Training stops with exit code 3."""

    kind: Literal["stop"]


class RollBack(Kind):
    """Training goes back to the state with the lowest `val_loss` (without validation data: `loss`) among the start of
    the phase, or of the part of the pretraining, and the ends of its epochs. From there, every learning rate of the
    schedule is multiplied by `factor`: after n roll-backs, by factor^n. A phase with its own optimizer or schedule
    starts with its own rate.
    """

    kind: Literal["roll_back"]
    factor: OpenFraction = 0.5
    """The factor of each roll-back."""
    times: Count = 3
    """The maximum number of roll-backs in a run. If the loss diverges again after them, training stops."""


STOP = Stop.model_construct(kind="stop")
OnDivergence: TypeAlias = Annotated[Stop | RollBack, *CHOICE]
