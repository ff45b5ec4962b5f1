"""Normalization: re-centring and re-scaling of a layer's sums or outputs."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import Inherit, Nothing
from dnnctl.specs.field import CHOICE, Fraction, Kind, Positive

Position: TypeAlias = Literal["before_activation", "after_activation"]


class BatchNormalization(Kind):
    """Each feature by its mean and variance over the batch; by their moving averages at inference.

    Source: Ioffe and Szegedy, 2015.
    """

    kind: Literal["batch"]
    position: Position = "before_activation"
    """Whether it stands before or after the layer's activation."""
    momentum: Fraction = 0.99
    """How much of the moving averages each step keeps."""
    epsilon: Positive = 1e-3
    """What is added to the variance."""


class LayerNormalization(Kind):
    """Each example by the mean and variance over its own features, in training and at inference alike.

    Source: Ba et al., 2016.
    """

    kind: Literal["layer"]
    position: Position = "before_activation"
    """Whether it stands before or after the layer's activation."""
    epsilon: Positive = 1e-3
    """What is added to the variance."""


AnyNormalization: TypeAlias = BatchNormalization | LayerNormalization | Nothing
Normalization: TypeAlias = Annotated[AnyNormalization, *CHOICE]
LayersNormalization: TypeAlias = Annotated[AnyNormalization | Inherit, *CHOICE]
