"""Dropout: noise that is there in training only."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.common_kind import Inherit, Nothing
from dnnctl.specs.field import CHOICE, Fraction, Kind


class Dropout(Kind):
    """Each value is zeroed with probability `rate`, the others are divided by 1 − rate.

    Source: Srivastava et al., 2014.
    """

    kind: Literal["dropout"]
    rate: Fraction
    """The share of values that are zeroed."""


class AlphaDropout(Kind):
    """Dropout that keeps the mean and the variance of SELU's outputs.

    Source: Klambauer et al., 2017.
    """

    kind: Literal["alpha_dropout"]
    rate: Fraction
    """The share of values that are set to SELU's lower limit."""


class GaussianNoise(Kind):
    """Numbers from a normal distribution are added."""

    kind: Literal["gaussian_noise"]
    stddev: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    """The standard deviation of the noise, at most 1."""


class GaussianDropout(Kind):
    """Values are multiplied by numbers of mean 1 and variance rate / (1 − rate).

    Source: Srivastava et al., 2014.
    """

    kind: Literal["gaussian_dropout"]
    rate: Fraction
    """The dropout rate whose variance the noise has."""


class SpatialDropout(Kind):
    """Whole channels of a convolution's output are zeroed.

    Source: Tompson et al., 2014.
    """

    kind: Literal["spatial_dropout"]
    rate: Fraction
    """The share of channels that are zeroed."""


AnyDropout: TypeAlias = Dropout | AlphaDropout | GaussianNoise | GaussianDropout | SpatialDropout | Nothing
DropoutChoice: TypeAlias = Annotated[AnyDropout, *CHOICE]
LayersDropout: TypeAlias = Annotated[AnyDropout | Inherit, *CHOICE]
