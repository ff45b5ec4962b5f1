"""Layers: the network, in the order they stand."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.activation import LINEAR, Activation, LayersActivation
from dnnctl.specs.common_kind import INHERIT
from dnnctl.specs.constraint import LayersConstraint
from dnnctl.specs.dropout import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, LayersDropout, SpatialDropout
from dnnctl.specs.field import BY_FORM, CHOICE, LIST, NUMBER, SWITCH, WORD, Count, Fraction, Kind, OrAuto, Positive
from dnnctl.specs.initializer import LayersInitializer
from dnnctl.specs.normalization import LayersNormalization
from dnnctl.specs.regularizer import LayersRegularizer

Repeat: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=10_000)]
Pair: TypeAlias = Annotated[list[Count], Field(min_length=2, max_length=2)]
Size: TypeAlias = Annotated[Annotated[Count, NUMBER] | Annotated[Pair, LIST], BY_FORM]
SizeOrAuto: TypeAlias = Annotated[Annotated[Count, NUMBER] | Annotated[Pair, LIST] | OrAuto, BY_FORM]
BiasWord: TypeAlias = Annotated[Literal["inherit", "auto"], WORD]
Padding: TypeAlias = Literal["valid", "same"]


class WeightedLayer(Kind):
    """What dense and convolutional layers have. What they do not say, they take from `model.defaults`."""

    activation: LayersActivation = INHERIT
    """The function applied to the weighted sums."""
    initializer: LayersInitializer = INHERIT
    """What the weights start from."""
    normalization: LayersNormalization = INHERIT
    """The normalization before or after the activation."""
    regularizer: LayersRegularizer = INHERIT
    """What the weights add to the loss."""
    constraint: LayersConstraint = INHERIT
    """What is done to the weights after each step."""
    dropout: LayersDropout = INHERIT
    """The noise after the layer."""
    use_bias: Annotated[Annotated[bool, SWITCH] | BiasWord, BY_FORM] = "inherit"
    """Whether a bias is added; `auto`: not where batch normalization comes before the activation."""
    repeat: Repeat = 1
    """How many such layers stand one after the other."""


class Dense(WeightedLayer):
    """Every output is a weighted sum of all inputs."""

    kind: Literal["dense"]
    units: Count
    """How many outputs it has."""


class Conv2D(WeightedLayer):
    """Filters that slide over an image; images without a channel axis are given one."""

    kind: Literal["conv2d"]
    filters: Count
    """How many channels it puts out."""
    kernel_size: Size = 3
    """The height and width of a filter in pixels: one number, or two."""
    strides: Size = 1
    """How many pixels a filter moves at a time: one number, or two."""
    padding: Padding = "valid"
    """`same` adds zeros around the image so that its size stays (for strides of 1)."""
    dilation: Size = 1
    """The distance between the pixels a filter looks at: one number, or two."""


class Pool(Kind):
    """The largest value (max_pool) or the mean (average_pool) of each window."""

    kind: Literal["max_pool", "average_pool"]
    size: Size = 2
    """The height and width of the window in pixels."""
    strides: SizeOrAuto = "auto"
    """How many pixels the window moves at a time; `auto` is its size."""
    padding: Padding = "valid"
    """`same` adds room so that windows at the edge count too."""


class GlobalPool(Kind):
    """The mean or the largest value of each channel over the whole image."""

    kind: Literal["global_average_pool", "global_max_pool"]


class Flatten(Kind):
    """All values of an example in one row."""

    kind: Literal["flatten"]


class Reshape(Kind):
    """The values of an example in another shape, in the same order."""

    kind: Literal["reshape"]
    shape: Annotated[list[Count], Field(min_length=1, max_length=6)]
    """The new shape, without the batch."""


class BatchNorm(Kind):
    """Batch normalization exactly where it is written, also right after the input.

    Source: Ioffe and Szegedy, 2015.
    """

    kind: Literal["batch_norm"]
    momentum: Fraction = 0.99
    """How much of the moving averages each step keeps."""
    epsilon: Positive = 1e-3
    """What is added to the variance."""
    axis: int = -1
    """The axis whose entries each have their own mean and variance."""


class LayerNorm(Kind):
    """Layer normalization exactly where it is written.

    Source: Ba et al., 2016.
    """

    kind: Literal["layer_norm"]
    epsilon: Positive = 1e-3
    """What is added to the variance."""
    axis: int = -1
    """The axis along which the mean and the variance are taken."""


class ActivationLayer(Kind):
    """An activation function exactly where it is written."""

    kind: Literal["activation"]
    function: Activation
    """The function."""


class Residual(Kind):
    """The input plus what the layers make of it; where the shapes differ, a linear projection of the input.

    Source: He et al., 2015.
    """

    kind: Literal["residual"]
    layers: Annotated[list["Layer"], Field(min_length=1)]
    """The layers of the branch."""
    activation: Activation = LINEAR
    """The function applied to the sum."""
    repeat: Repeat = 1
    """How many such blocks stand one after the other."""


Layer: TypeAlias = Annotated[
    Dense
    | Conv2D
    | Pool
    | GlobalPool
    | Flatten
    | Reshape
    | BatchNorm
    | LayerNorm
    | ActivationLayer
    | Dropout
    | AlphaDropout
    | GaussianNoise
    | GaussianDropout
    | SpatialDropout
    | Residual,
    *CHOICE,
]
