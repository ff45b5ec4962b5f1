"""Optimizers: how gradients change the weights. Every key except `clip` is as in Keras."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from dnnctl.specs.common_kind import NONE, Nothing
from dnnctl.specs.field import (
    CHOICE,
    Fraction,
    Index,
    Kind,
    NonNegative,
    NonPositive,
    Number,
    OpenFraction,
    Positive,
)


class ClipByNorm(Kind):
    """`norm`: scales the gradient of each variable down to a norm of at most `value`. `global_norm`: scales all
    gradients down so that their joint norm is at most `value`.

    Source: Pascanu et al., 2013.
    """

    kind: Literal["norm", "global_norm"]
    value: Positive = 1.0
    """The maximum norm."""


class ClipByValue(Kind):
    """Clips each component of a gradient to the range from −value to value."""

    kind: Literal["value"]
    value: Positive = 1.0
    """The largest absolute value."""


Clip: TypeAlias = Annotated[ClipByNorm | ClipByValue | Nothing, *CHOICE]


class OptimizerKind(Kind):
    """What every optimizer has."""

    learning_rate: Positive = 1e-3
    """η₀: the learning rate, which a schedule changes."""
    weight_decay: NonNegative = 0.0
    """The weight decay λ: every step subtracts λ·η·w from each weight w; 0 means none."""
    clip: Clip = NONE
    """How gradients are clipped."""


class Sgd(OptimizerKind):
    """v ← momentum·v − η·g; w ← w + v; with Nesterov momentum, w ← w + momentum·v − η·g.

    Source: Polyak, 1964; Nesterov, 1983.
    """

    kind: Literal["sgd"]
    learning_rate: Positive = 0.01
    """η₀: the learning rate, which a schedule changes."""
    momentum: Fraction = 0.0
    """The fraction of the last update that is added to the next one."""
    nesterov: bool = False
    """Whether to use Nesterov momentum."""


class RmsProp(OptimizerKind):
    """Divides gradients by the root of a moving average of their squares.

    Source: Tieleman and Hinton, 2012.
    """

    kind: Literal["rmsprop"]
    rho: Fraction = 0.9
    """The decay rate of the moving average."""
    momentum: Fraction = 0.0
    """The fraction of the last update that is added to the next one."""
    epsilon: Positive = 1e-7
    """A small number for numerical stability."""
    centered: bool = False
    """Whether to use an estimate of the variance of the gradients instead of the average of their squares."""


class AdamKind(OptimizerKind):
    """What the Adam family has."""

    beta_1: Fraction = 0.9
    """The decay rate of the moving average of gradients."""
    beta_2: Fraction = 0.999
    """The decay rate of the moving average of squared gradients."""
    epsilon: Positive = 1e-7
    """A small number for numerical stability."""


class Adam(AdamKind):
    """Divides a moving average of gradients by the root of a moving average of their squares.

    Source: Kingma and Ba, 2014.
    """

    kind: Literal["adam"]
    amsgrad: bool = False
    """Whether to use the maximum so far of the moving average of squared gradients (Reddi et al., 2018)."""


class AdamW(AdamKind):
    """Adam with decoupled weight decay.

    Source: Loshchilov and Hutter, 2017.
    """

    kind: Literal["adamw"]
    weight_decay: NonNegative = 0.004
    """The weight decay λ: every step subtracts λ·η·w from each weight w."""
    amsgrad: bool = False
    """Whether to use the maximum so far of the moving average of squared gradients."""


class AdamVariant(AdamKind):
    """Adam with the infinity norm of the gradients (`adamax`), with Nesterov momentum (`nadam`), or with each update
    scaled to the norm of the variable that it changes (`lamb`).

    Source: Kingma and Ba, 2014; Dozat, 2016; You et al., 2019.
    """

    kind: Literal["adamax", "nadam", "lamb"]


class Adagrad(OptimizerKind):
    """Divides gradients by the root of the sum of all squared gradients so far.

    Source: Duchi et al., 2011.
    """

    kind: Literal["adagrad"]
    initial_accumulator_value: NonNegative = 0.1
    """The initial value of the sums."""
    epsilon: Positive = 1e-7
    """A small number for numerical stability."""


class Adadelta(OptimizerKind):
    """RMSprop with updates scaled by the root mean square of earlier updates.

    Source: Zeiler, 2012.
    """

    kind: Literal["adadelta"]
    rho: Fraction = 0.95
    """The decay rate of the moving averages."""
    epsilon: Positive = 1e-7
    """A small number for numerical stability."""


class Adafactor(OptimizerKind):
    """Adam-like scaling that stores only row and column means of the squared gradients.

    Source: Shazeer and Stern, 2018.
    """

    kind: Literal["adafactor"]
    beta_2_decay: Number = -0.8
    """The exponent of the decay rate of the averages."""
    epsilon_1: Positive = 1e-30
    """A small number that is added to squared gradients."""
    epsilon_2: Positive = 1e-3
    """The lower bound of the parameter scale."""
    clip_threshold: Positive = 1.0
    """The maximum root mean square of an update."""
    relative_step: bool = True
    """Whether the learning rate is also bounded by 1/√t, where t is the number of the step."""


class Ftrl(OptimizerKind):
    """Follow the regularized leader.

    Source: McMahan et al., 2013.
    """

    kind: Literal["ftrl"]
    learning_rate_power: NonPositive = -0.5
    """The exponent with which the learning rate decays, at most 0."""
    initial_accumulator_value: NonNegative = 0.1
    """The initial value of the accumulators."""
    l1_regularization_strength: NonNegative = 0.0
    """The factor of the penalty Σ|w|."""
    l2_regularization_strength: NonNegative = 0.0
    """The factor of the penalty Σw²."""
    l2_shrinkage_regularization_strength: NonNegative = 0.0
    """The factor of a penalty Σw² that affects the gradient only."""
    beta: NonNegative = 0.0
    """β in the paper."""


class Lion(OptimizerKind):
    """Steps by the sign of an interpolation between the gradient and its moving average.

    Source: Chen et al., 2023.
    """

    kind: Literal["lion"]
    beta_1: OpenFraction = 0.9
    """The weight of the moving average in the interpolation."""
    beta_2: OpenFraction = 0.99
    """The decay rate of the moving average."""


class Muon(OptimizerKind):
    """Orthogonalized momentum for matrices, Adam for all other variables.

    Source: Jordan et al., 2024.
    """

    kind: Literal["muon"]
    weight_decay: NonNegative = 0.004
    """The weight decay λ of matrices: every step subtracts λ·η·w from each weight w."""
    momentum: Fraction = 0.95
    """The fraction of the last update that is added to the next one."""
    nesterov: bool = True
    """Whether to use Nesterov momentum."""
    ns_steps: Annotated[int, Field(strict=True, gt=0, le=100)] = 5
    """The number of Newton-Schulz iterations per step."""
    adam_beta_1: Fraction = 0.9
    """`beta_1` of Adam for all other variables."""
    adam_beta_2: Fraction = 0.999
    """`beta_2` of Adam for all other variables."""
    adam_weight_decay: NonNegative = 0.004
    """`weight_decay` of Adam for all other variables."""
    adam_lr_ratio: Positive = 1.0
    """The learning rate of Adam, as a multiple of `learning_rate`."""
    epsilon: Positive = 1e-7
    """A small number for numerical stability."""


class ScheduleFreeAdamW(AdamKind):
    """AdamW that averages its weights instead of lowering the learning rate. It needs `schedule: none`.

    Source: Defazio et al., 2024.
    """

    kind: Literal["schedule_free_adamw"]
    learning_rate: Positive = 0.0025
    """The learning rate."""
    epsilon: Positive = 1e-8
    """A small number for numerical stability."""
    warmup_steps: Index = 0
    """The number of steps over which the learning rate rises linearly from 0."""


AnyOptimizer: TypeAlias = (
    Sgd | RmsProp | Adam | AdamW | AdamVariant | Adagrad | Adadelta | Adafactor | Ftrl | Lion | Muon | ScheduleFreeAdamW
)
Optimizer: TypeAlias = Annotated[AnyOptimizer, *CHOICE]
