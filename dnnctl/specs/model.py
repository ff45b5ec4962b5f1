"""The `model` section: defaults, layers and output."""

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
    """What every dense and convolutional layer inherits, the output layer excepted."""

    activation: Activation = LINEAR
    """The function applied to the weighted sums."""
    initializer: Initializer = GLOROT_UNIFORM
    """What the weights start from."""
    normalization: Normalization = NONE
    """The normalization before or after the activation."""
    regularizer: Regularizer = NONE
    """What the weights add to the loss."""
    constraint: Constraint = NONE
    """What is done to the weights after each step."""
    dropout: DropoutChoice = NONE
    """The noise after the layer."""
    use_bias: Annotated[Annotated[bool, SWITCH] | OrAuto, BY_FORM] = "auto"
    """Whether a bias is added; `auto`: not where batch normalization comes before the activation."""


class Output(Section):
    """The last layer: dense, and sized from the data. It inherits nothing from the defaults."""

    activation: OutputActivation = AUTO
    """`auto`: softmax for classes, sigmoid for two classes with a binary loss, linear for numbers."""
    units: CountOrAuto = "auto"
    """`auto`: one for each class or number, one alone for two classes with a binary loss."""
    initializer: Initializer = GLOROT_UNIFORM
    """What its weights start from."""
    regularizer: Regularizer = NONE
    """What its weights add to the loss."""
    constraint: Constraint = NONE
    """What is done to its weights after each step."""
    use_bias: bool = True
    """Whether a bias is added."""


OutputOrAuto: TypeAlias = Annotated[Annotated[Output, MAPPING] | OrAuto, BY_FORM]


class Model(Section):
    """The network, from the scaled input to the output."""

    defaults: Defaults = Defaults.model_construct()
    """What every dense and convolutional layer inherits."""
    layers: Annotated[list[Layer], Field(min_length=1)]
    """The layers in order; each stands exactly where it is written."""
    output: OutputOrAuto = "auto"
    """The last layer; `auto` follows from the data and the loss."""
    reuse: Annotated[Annotated[Reuse, MAPPING] | OrNone, BY_FORM] = "none"
    """A trained network whose layers' weights this one starts with."""
