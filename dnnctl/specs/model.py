"""The `model` section: defaults, layers, output and reuse."""

from typing import Annotated, TypeAlias

from pydantic import Field

from dnnctl.specs.activation import LINEAR, Activation, OutputActivation
from dnnctl.specs.common_kind import AUTO, NONE
from dnnctl.specs.constraint import Constraint
from dnnctl.specs.dropout import DropoutChoice
from dnnctl.specs.field import BY_FORM, MAPPING, SWITCH, CountOrAuto, OrAuto, OrNone, Section
from dnnctl.specs.initializer import Initializer, NamedInitializer
from dnnctl.specs.layer import Layer
from dnnctl.specs.normalization import Normalization
from dnnctl.specs.regularizer import Regularizer
from dnnctl.specs.reuse import Reuse

GLOROT_UNIFORM = NamedInitializer.model_construct(kind="glorot_uniform")


class Defaults(Section):
    """What every dense and convolutional layer inherits, except the output layer."""

    activation: Activation = LINEAR
    """The activation function."""
    initializer: Initializer = GLOROT_UNIFORM
    """The initial values of the weights."""
    normalization: Normalization = NONE
    """The normalization before or after the activation."""
    regularizer: Regularizer = NONE
    """The penalty on the weights, which is added to the loss."""
    constraint: Constraint = NONE
    """The constraint that is applied to the weights after each step."""
    dropout: DropoutChoice = NONE
    """The dropout or noise after the layer."""
    use_bias: Annotated[Annotated[bool, SWITCH] | OrAuto, BY_FORM] = "auto"
    """Whether layers have a bias. `auto`: yes, unless batch normalization comes before the activation."""


class Output(Section):
    """The last layer, which is dense. It inherits nothing from the defaults."""

    activation: OutputActivation = AUTO
    """The activation function. `auto`: linear for numbers; for classes, sigmoid with `binary_crossentropy` or
    `binary_focal_crossentropy`, tanh with `hinge` or `squared_hinge`, softmax with any other loss. For labels, sigmoid,
    or tanh with `hinge` or `squared_hinge`.
    """
    units: CountOrAuto = "auto"
    """The number of outputs. `auto`: one for each class, label or number; a single one for two classes with a binary
    loss."""
    initializer: Initializer = GLOROT_UNIFORM
    """The initial values of its weights."""
    regularizer: Regularizer = NONE
    """The penalty on its weights, which is added to the loss."""
    constraint: Constraint = NONE
    """The constraint that is applied to its weights after each step."""
    use_bias: bool = True
    """Whether the layer has a bias."""


OutputOrAuto: TypeAlias = Annotated[Annotated[Output, MAPPING] | OrAuto, BY_FORM]


class Model(Section):
    """The network, from the scaled input to the output."""

    defaults: Defaults = Defaults.model_construct()
    """What every dense and convolutional layer inherits."""
    layers: Annotated[list[Layer], Field(min_length=1)]
    """The layers before the output, in order."""
    output: OutputOrAuto = "auto"
    """The last layer. `auto`: chosen from the data and the loss."""
    reuse: Annotated[Annotated[Reuse, MAPPING] | OrNone, BY_FORM] = "none"
    """A pretrained network from whose weights training starts."""
