"""Regularizers: penalties on the weights of a layer, which are added to the loss."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import Inherit, Nothing
from dnnctl.specs.field import CHOICE, Kind, NonNegative


class L1(Kind):
    """strength · Σ|w|, which makes many weights zero."""

    kind: Literal["l1"]
    strength: NonNegative = 0.01
    """The factor of the penalty."""


class L2(Kind):
    """strength · Σw² (without the factor ½), which keeps weights small."""

    kind: Literal["l2"]
    strength: NonNegative = 0.01
    """The factor of the penalty."""


class L1L2(Kind):
    """l1 · Σ|w| + l2 · Σw²."""

    kind: Literal["l1_l2"]
    l1: NonNegative = 0.01
    """The factor of Σ|w|."""
    l2: NonNegative = 0.01
    """The factor of Σw²."""


AnyRegularizer: TypeAlias = L1 | L2 | L1L2 | Nothing
Regularizer: TypeAlias = Annotated[AnyRegularizer, *CHOICE]
LayersRegularizer: TypeAlias = Annotated[AnyRegularizer | Inherit, *CHOICE]
