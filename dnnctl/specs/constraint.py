"""Constraints on the weights of a layer, applied after each step."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import model_validator

from dnnctl.specs.common_kind import Inherit, Nothing
from dnnctl.specs.field import CHOICE, Kind, NonNegative, Positive


class MaxNorm(Kind):
    """Scales the incoming weights of each unit down to a norm of at most `radius`.

    Source: Srivastava et al., 2014.
    """

    kind: Literal["max_norm"]
    radius: Positive = 1.0
    """The maximum norm."""


class MinMaxNorm(Kind):
    """Scales the incoming weights of each unit to a norm between `low` and `high`."""

    kind: Literal["min_max_norm"]
    low: NonNegative = 0.0
    """The minimum norm."""
    high: Positive = 1.0
    """The maximum norm."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"`low` ({self.low:g}) must not be above `high` ({self.high:g})")
        return self


class PlainConstraint(Kind):
    """`non_neg`: no weight is negative. `unit_norm`: the incoming weights of each unit have norm 1."""

    kind: Literal["non_neg", "unit_norm"]


AnyConstraint: TypeAlias = MaxNorm | MinMaxNorm | PlainConstraint | Nothing
Constraint: TypeAlias = Annotated[AnyConstraint, *CHOICE]
LayersConstraint: TypeAlias = Annotated[AnyConstraint | Inherit, *CHOICE]
