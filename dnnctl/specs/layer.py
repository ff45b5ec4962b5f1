"""Layers: the parts of the network."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.activation import LINEAR, Activation, LayersActivation
from dnnctl.specs.common_kind import INHERIT
from dnnctl.specs.constraint import LayersConstraint
from dnnctl.specs.dropout import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, LayersDropout, SpatialDropout
from dnnctl.specs.field import (
    BY_FORM,
    CHOICE,
    LIST,
    NUMBER,
    SWITCH,
    WORD,
    Count,
    Fraction,
    Kind,
    OrAuto,
    Positive,
    Width,
)
from dnnctl.specs.initializer import LayersInitializer
from dnnctl.specs.normalization import LayersNormalization
from dnnctl.specs.regularizer import LayersRegularizer

MAX_LAYERS = 600
"""The most layers in a row, counted with their normalization, activation and dropout. Keras fails near 900."""

Repeat: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=MAX_LAYERS)]
Pixels: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=1000)]
Pair: TypeAlias = Annotated[list[Pixels], Field(min_length=2, max_length=2)]
Size: TypeAlias = Annotated[Annotated[Pixels, NUMBER] | Annotated[Pair, LIST], BY_FORM]
SizeOrAuto: TypeAlias = Annotated[Annotated[Pixels, NUMBER] | Annotated[Pair, LIST] | OrAuto, BY_FORM]
Axis: TypeAlias = Annotated[int, Field(strict=True, ge=-8, le=8)]
BiasWord: TypeAlias = Annotated[Literal["inherit", "auto"], WORD]
Padding: TypeAlias = Literal["valid", "same"]


class WeightedLayer(Kind):
    """The keys of dense and convolutional layers. A key with the default `inherit` is taken from `model.defaults`."""

    activation: LayersActivation = INHERIT
    """The activation function."""
    initializer: LayersInitializer = INHERIT
    """The initial values of the weights."""
    normalization: LayersNormalization = INHERIT
    """The normalization before or after the activation."""
    regularizer: LayersRegularizer = INHERIT
    """The penalty on the weights, which is added to the loss."""
    constraint: LayersConstraint = INHERIT
    """The constraint that is applied to the weights after each step."""
    dropout: LayersDropout = INHERIT
    """The dropout or noise after the layer."""
    use_bias: Annotated[Annotated[bool, SWITCH] | BiasWord, BY_FORM] = "inherit"
    """Whether the layer has a bias. `auto`: yes, unless batch normalization comes before the activation."""
    repeat: Repeat = 1
    """The number of such layers, one after another."""


class Dense(WeightedLayer):
    """A fully connected layer."""

    kind: Literal["dense"]
    units: Width
    """The number of outputs."""


class Conv2D(WeightedLayer):
    """A two-dimensional convolution. Images without a channel axis get one."""

    kind: Literal["conv2d"]
    filters: Width
    """The number of output channels."""
    kernel_size: Size = 3
    """The height and width of the kernel in pixels: one number for both, or a list of two."""
    strides: Size = 1
    """The stride of the kernel in pixels: one number for both directions, or a list of two."""
    padding: Padding = "valid"
    """`same` pads the image with zeros, so that strides of 1 preserve its size; `valid` means no padding."""
    dilation: Size = 1
    """The distance between the pixels of the kernel: one number for both directions, or a list of two."""


class Pool(Kind):
    """The maximum (`max_pool`) or the mean (`average_pool`) of each window."""

    kind: Literal["max_pool", "average_pool"]
    size: Size = 2
    """The height and width of the window in pixels: one number for both, or a list of two."""
    strides: SizeOrAuto = "auto"
    """The stride of the window in pixels. `auto`: the size of the window."""
    padding: Padding = "valid"
    """`same` pads the image, so that the windows cover its edges; `valid` means no padding."""


class GlobalPool(Kind):
    """The mean or the maximum of each channel over the whole image."""

    kind: Literal["global_average_pool", "global_max_pool"]


class Flatten(Kind):
    """Flattens each example to a vector."""

    kind: Literal["flatten"]


class Reshape(Kind):
    """Reshapes each example; the order of its values stays the same."""

    kind: Literal["reshape"]
    shape: Annotated[list[Count], Field(min_length=1, max_length=6)]
    """The new shape, without the batch axis."""


class BatchNorm(Kind):
    """Batch normalization as a separate layer. It may also be the first layer.

    Source: Ioffe and Szegedy, 2015.
    """

    kind: Literal["batch_norm"]
    momentum: Fraction = 0.99
    """The momentum of the moving averages."""
    epsilon: Positive = 1e-3
    """A small number that is added to the variance."""
    axis: Axis = -1
    """The axis to normalize, usually that of the features or channels."""


class LayerNorm(Kind):
    """Layer normalization as a separate layer.

    Source: Ba et al., 2016.
    """

    kind: Literal["layer_norm"]
    epsilon: Positive = 1e-3
    """A small number that is added to the variance."""
    axis: Axis = -1
    """The axis over which the mean and the variance are computed."""


class ActivationLayer(Kind):
    """An activation function as a separate layer."""

    kind: Literal["activation"]
    function: Activation
    """The activation function."""


class Residual(Kind):
    """Adds its input to the output of its layers. If their shapes differ, a linear projection of the input is added
    instead.

    Source: He et al., 2015.
    """

    kind: Literal["residual"]
    layers: Annotated[list["Layer"], Field(min_length=1)]
    """The layers between the input and the sum."""
    activation: Activation = LINEAR
    """The activation function that is applied to the sum."""
    repeat: Repeat = 1
    """The number of such blocks, one after another."""


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
