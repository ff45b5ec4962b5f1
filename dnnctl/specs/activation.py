"""Activation functions: what a layer does with its weighted sums."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import model_validator

from dnnctl.specs.common_kind import Auto, Inherit
from dnnctl.specs.field import CHOICE, Kind, NonNegative, Number


class PlainActivation(Kind):
    """A function without parameters, as Keras defines it. `linear` leaves the sums as they are."""

    kind: Literal[
        "linear",
        "relu",
        "relu6",
        "celu",
        "selu",
        "gelu",
        "mish",
        "tanh",
        "sigmoid",
        "hard_sigmoid",
        "hard_tanh",
        "hard_swish",
        "softplus",
        "softsign",
        "softmax",
        "exponential",
        "log_sigmoid",
        "squareplus",
        "sparsemax",
        "tanh_shrink",
    ]


class LeakyRelu(Kind):
    """max(slope·z, z).

    Source: Maas et al., 2013.
    """

    kind: Literal["leaky_relu"]
    slope: NonNegative = 0.2
    """The slope below zero; Keras's default is 0.3 for the layer, 0.2 for the function."""


class PRelu(Kind):
    """max(α·z, z) with α learned, one for each unit (for a convolution, one for each channel).

    Source: He et al., 2015.
    """

    kind: Literal["prelu"]
    initial_slope: Number = 0.0
    """What every α starts from."""


class RRelu(Kind):
    """A leaky ReLU whose slope is drawn for each element in training and is the mean of the range at inference.

    Keras has no such layer: a model with it needs `import dnnctl.layers` before it loads.

    Source: Xu et al., 2015.
    """

    kind: Literal["rrelu"]
    lower: NonNegative = 0.125
    """The smallest slope, 1/8 in the paper."""
    upper: NonNegative = 1 / 3
    """The largest slope, 1/3 in the paper."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.lower > self.upper:
            raise ValueError(f"`lower` ({self.lower:g}) must not be above `upper` ({self.upper:g})")
        return self


class Elu(Kind):
    """z above zero, α·(exp(z) − 1) below.

    Source: Clevert et al., 2015.
    """

    kind: Literal["elu"]
    alpha: NonNegative = 1.0
    """The value that large negative sums approach, with its sign changed."""


class Swish(Kind):
    """z·sigmoid(β·z), also called SiLU where β is 1.

    With another β than 1 the layer is dnnctl's own: such a model needs `import dnnctl.layers` before it loads.

    Source: Ramachandran et al., 2017.
    """

    kind: Literal["swish", "silu"]
    beta: Number = 1.0
    """How sharp the gate is."""


AnyActivation: TypeAlias = PlainActivation | LeakyRelu | PRelu | RRelu | Elu | Swish
Activation: TypeAlias = Annotated[AnyActivation, *CHOICE]
LayersActivation: TypeAlias = Annotated[AnyActivation | Inherit, *CHOICE]
OutputActivation: TypeAlias = Annotated[AnyActivation | Auto, *CHOICE]
LINEAR = PlainActivation.model_construct(kind="linear")
