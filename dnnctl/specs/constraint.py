"""Constraints: what is done to a layer's weights after each step."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import model_validator

from dnnctl.specs.common_kind import Inherit, Nothing
from dnnctl.specs.field import CHOICE, Kind, NonNegative, Positive


class MaxNorm(Kind):
    """Each unit's incoming weights are shrunk to a norm of at most `radius`.

    Source: Srivastava et al., 2014.
    """

    kind: Literal["max_norm"]
    radius: Positive = 1.0
    """The largest norm allowed."""


class MinMaxNorm(Kind):
    """Each unit's incoming weights are brought to a norm between `low` and `high`."""

    kind: Literal["min_max_norm"]
    low: NonNegative = 0.0
    """The smallest norm allowed."""
    high: Positive = 1.0
    """The largest norm allowed."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"`low` ({self.low:g}) must not be above `high` ({self.high:g})")
        return self


class PlainConstraint(Kind):
    """`non_neg`: no weight below zero. `unit_norm`: each unit's incoming weights have the norm 1."""

    kind: Literal["non_neg", "unit_norm"]


AnyConstraint: TypeAlias = MaxNorm | MinMaxNorm | PlainConstraint | Nothing
Constraint: TypeAlias = Annotated[AnyConstraint, *CHOICE]
LayersConstraint: TypeAlias = Annotated[AnyConstraint | Inherit, *CHOICE]
