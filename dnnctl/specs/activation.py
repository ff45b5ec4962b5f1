"""Activation functions: what a layer applies to its weighted sums."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import model_validator

from dnnctl.specs.common_kind import Auto, Inherit
from dnnctl.specs.field import CHOICE, Kind, NonNegative, Number


class PlainActivation(Kind):
    """A function without parameters, as defined in Keras. `linear` returns its input."""

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
    """z for z > 0, slope·z otherwise.

    Source: Maas et al., 2013.
    """

    kind: Literal["leaky_relu"]
    slope: NonNegative = 0.2
    """The slope for negative inputs. In Keras, the default is 0.3 for the layer and 0.2 for the function."""


class PRelu(Kind):
    """z for z > 0, α·z otherwise, with a learned α for each unit (for a convolution, for each channel).

    Source: He et al., 2015.
    """

    kind: Literal["prelu"]
    initial_slope: Number = 0.0
    """The initial value of every α."""


class RRelu(Kind):
    """A leaky ReLU whose slope is random for each element in training and the mean of the range at inference.

    Keras has no such layer: run `import dnnctl.layers` before you load a saved model with it.

    Source: Xu et al., 2015.
    """

    kind: Literal["rrelu"]
    lower: NonNegative = 0.125
    """The smallest slope; 1/8 in the paper."""
    upper: NonNegative = 1 / 3
    """The largest slope; 1/3 in the paper."""

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.lower > self.upper:
            raise ValueError(f"`lower` ({self.lower:g}) must not be above `upper` ({self.upper:g})")
        return self


class Elu(Kind):
    """z for z > 0, α·(exp(z) − 1) otherwise.

    Source: Clevert et al., 2015.
    """

    kind: Literal["elu"]
    alpha: NonNegative = 1.0
    """α: the output approaches −α for large negative inputs."""


class Swish(Kind):
    """z·sigmoid(β·z); with β = 1 it is also called SiLU.

    With any other β, the layer is dnnctl's own: run `import dnnctl.layers` before you load a saved model with it.

    Source: Ramachandran et al., 2017.
    """

    kind: Literal["swish", "silu"]
    beta: Number = 1.0
    """β: the steepness of the sigmoid."""


AnyActivation: TypeAlias = PlainActivation | LeakyRelu | PRelu | RRelu | Elu | Swish
Activation: TypeAlias = Annotated[AnyActivation, *CHOICE]
LayersActivation: TypeAlias = Annotated[AnyActivation | Inherit, *CHOICE]
OutputActivation: TypeAlias = Annotated[AnyActivation | Auto, *CHOICE]
LINEAR = PlainActivation.model_construct(kind="linear")
