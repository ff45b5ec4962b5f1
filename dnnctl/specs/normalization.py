"""Normalization: centering and scaling the weighted sums or the outputs of a layer."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import Inherit, Nothing
from dnnctl.specs.field import CHOICE, Fraction, Kind, Positive

Position: TypeAlias = Literal["before_activation", "after_activation"]


class BatchNormalization(Kind):
    """Normalizes each feature by its mean and variance over the batch; at inference, by their moving averages.

    Source: Ioffe and Szegedy, 2015.
    """

    kind: Literal["batch"]
    position: Position = "before_activation"
    """Whether it comes before or after the activation of the layer."""
    momentum: Fraction = 0.99
    """The momentum of the moving averages."""
    epsilon: Positive = 1e-3
    """A small number that is added to the variance."""


class LayerNormalization(Kind):
    """Normalizes each example by the mean and variance over its features, both in training and at inference.

    Source: Ba et al., 2016.
    """

    kind: Literal["layer"]
    position: Position = "before_activation"
    """Whether it comes before or after the activation of the layer."""
    epsilon: Positive = 1e-3
    """A small number that is added to the variance."""


AnyNormalization: TypeAlias = BatchNormalization | LayerNormalization | Nothing
Normalization: TypeAlias = Annotated[AnyNormalization, *CHOICE]
LayersNormalization: TypeAlias = Annotated[AnyNormalization | Inherit, *CHOICE]
