"""Initializers: what the weights are before the first step."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import Inherit
from dnnctl.specs.field import CHOICE, Kind, Number, Positive


class NamedInitializer(Kind):
    """Variance scaling under the name of its authors.

    σ² = 1/fan_avg (Glorot), 2/fan_in (He), 1/fan_in (LeCun); `normal` is cut at two standard deviations,
    `uniform` reaches to √(3σ²).

    Source: Glorot and Bengio, 2010; He et al., 2015; LeCun et al., 1998.
    """

    kind: Literal[
        "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "zeros", "ones"
    ]


class VarianceScaling(Kind):
    """σ² = scale / fan, with the fan, the scale and the distribution given."""

    kind: Literal["variance_scaling"]
    scale: Positive = 1.0
    """The numerator of the variance: 1 for LeCun and Glorot, 2 for He."""
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    """The denominator: inputs, outputs, or the mean of both."""
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"
    """The shape of the draw."""


class RandomNormal(Kind):
    """Numbers from a normal distribution, whatever the layer's size; `truncated_normal` redraws beyond 2σ."""

    kind: Literal["random_normal", "truncated_normal"]
    mean: Number = 0.0
    """The centre of the draw."""
    stddev: Positive = 0.05
    """The standard deviation of the draw."""


class RandomUniform(Kind):
    """Numbers drawn evenly from −limit to limit."""

    kind: Literal["random_uniform"]
    limit: Positive = 0.05
    """The end of the range on both sides of zero."""


class Orthogonal(Kind):
    """A random orthogonal matrix, times `gain`.

    Source: Saxe et al., 2013.
    """

    kind: Literal["orthogonal"]
    gain: Positive = 1.0
    """What the matrix is multiplied by."""


class ConstantValue(Kind):
    """One number everywhere."""

    kind: Literal["constant"]
    value: Number
    """The number."""


AnyInitializer: TypeAlias = (
    NamedInitializer | VarianceScaling | RandomNormal | RandomUniform | Orthogonal | ConstantValue
)
Initializer: TypeAlias = Annotated[AnyInitializer, *CHOICE]
LayersInitializer: TypeAlias = Annotated[AnyInitializer | Inherit, *CHOICE]
