"""Dropout: noise that is applied in training only."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.common_kind import Inherit, Nothing
from dnnctl.specs.field import CHOICE, Fraction, Kind


class Dropout(Kind):
    """Sets each value to 0 with probability `rate` and divides the others by 1 − rate.

    Source: Srivastava et al., 2014.
    """

    kind: Literal["dropout"]
    rate: Fraction
    """The fraction of values to drop."""


class AlphaDropout(Kind):
    """Dropout that preserves the mean and the variance of SELU's outputs.

    Source: Klambauer et al., 2017.
    """

    kind: Literal["alpha_dropout"]
    rate: Fraction
    """The fraction of values to set to the negative limit of SELU."""


class GaussianNoise(Kind):
    """Adds noise from a normal distribution with mean 0."""

    kind: Literal["gaussian_noise"]
    stddev: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    """The standard deviation of the noise, from 0 to 1."""


class GaussianDropout(Kind):
    """Multiplies by noise from a normal distribution with mean 1 and variance rate / (1 − rate).

    Source: Srivastava et al., 2014.
    """

    kind: Literal["gaussian_dropout"]
    rate: Fraction
    """The rate of a `dropout` with the same variance."""


class SpatialDropout(Kind):
    """Sets each channel of a convolution's output to 0 with probability `rate` and divides the others by 1 − rate.

    Source: Tompson et al., 2014.
    """

    kind: Literal["spatial_dropout"]
    rate: Fraction
    """The fraction of channels to drop."""


AnyDropout: TypeAlias = Dropout | AlphaDropout | GaussianNoise | GaussianDropout | SpatialDropout | Nothing
DropoutChoice: TypeAlias = Annotated[AnyDropout, *CHOICE]
LayersDropout: TypeAlias = Annotated[AnyDropout | Inherit, *CHOICE]
