"""Initializers: the values of the weights before the first step."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import Inherit
from dnnctl.specs.field import CHOICE, Kind, Number, Positive


class NamedInitializer(Kind):
    """Variance scaling with the constants of the named authors; `zeros` and `ones`.

    The variance of the weights is σ² = 1/fan_avg (Glorot), 2/fan_in (He), 1/fan_in (LeCun). `normal` is a truncated
    normal distribution, `uniform` a uniform distribution from −√(3σ²) to √(3σ²).

    Source: Glorot and Bengio, 2010; He et al., 2015; LeCun et al., 1998.
    """

    kind: Literal[
        "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "zeros", "ones"
    ]


class VarianceScaling(Kind):
    """Weights with mean 0 and variance σ² = scale / fan."""

    kind: Literal["variance_scaling"]
    scale: Positive = 1.0
    """The numerator of σ²: 1 for LeCun and Glorot, 2 for He."""
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in"
    """The denominator of σ²: the number of inputs, of outputs, or the mean of both."""
    distribution: Literal["truncated_normal", "untruncated_normal", "uniform"] = "truncated_normal"
    """The distribution of the weights."""


class RandomNormal(Kind):
    """A normal distribution with a fixed standard deviation. `truncated_normal` redraws values beyond two standard
    deviations.
    """

    kind: Literal["random_normal", "truncated_normal"]
    mean: Number = 0.0
    """The mean of the distribution."""
    stddev: Positive = 0.05
    """The standard deviation of the distribution."""


class RandomUniform(Kind):
    """A uniform distribution from −limit to limit."""

    kind: Literal["random_uniform"]
    limit: Positive = 0.05
    """The largest absolute value."""


class Orthogonal(Kind):
    """A random orthogonal matrix, times `gain`.

    Source: Saxe et al., 2013.
    """

    kind: Literal["orthogonal"]
    gain: Positive = 1.0
    """The factor that the matrix is multiplied by."""


class ConstantValue(Kind):
    """The same value for all weights."""

    kind: Literal["constant"]
    value: Number
    """The value."""


AnyInitializer: TypeAlias = (
    NamedInitializer | VarianceScaling | RandomNormal | RandomUniform | Orthogonal | ConstantValue
)
Initializer: TypeAlias = Annotated[AnyInitializer, *CHOICE]
LayersInitializer: TypeAlias = Annotated[AnyInitializer | Inherit, *CHOICE]
