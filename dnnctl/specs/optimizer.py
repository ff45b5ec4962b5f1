"""Optimizers: how gradients change the weights. Every key has Keras's name, meaning and default."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import NONE, Nothing
from dnnctl.specs.field import (
    CHOICE,
    Count,
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
    """`norm`: each variable's gradient is shrunk to the norm `value`; `global_norm`: all of them together are.

    Source: Pascanu et al., 2013.
    """

    kind: Literal["norm", "global_norm"]
    value: Positive = 1.0
    """The largest norm allowed."""


class ClipByValue(Kind):
    """Each component of a gradient is cut to the range from −value to value."""

    kind: Literal["value"]
    value: Positive = 1.0
    """The end of the range on both sides of zero."""


Clip: TypeAlias = Annotated[ClipByNorm | ClipByValue | Nothing, *CHOICE]


class OptimizerKind(Kind):
    """What every optimizer has."""

    learning_rate: Positive = 1e-3
    """The rate η₀ that a schedule starts from."""
    weight_decay: NonNegative = 0.0
    """The share of each weight, times the rate, that every step takes away; 0 is none."""
    clip: Clip = NONE
    """How large gradients are cut."""


class Sgd(OptimizerKind):
    """v ← momentum·v − η·g; w ← w + v, or w ← w + momentum·v − η·g with Nesterov's variant.

    Source: Polyak, 1964; Nesterov, 1983.
    """

    kind: Literal["sgd"]
    learning_rate: Positive = 0.01
    """The rate η₀ that a schedule starts from."""
    momentum: Fraction = 0.0
    """How much of the last update goes on in the next."""
    nesterov: bool = False
    """Whether the gradient is taken as if the momentum's step had been made."""


class RmsProp(OptimizerKind):
    """Gradients divided by the root of a moving average of their squares.

    Source: Tieleman and Hinton, 2012.
    """

    kind: Literal["rmsprop"]
    rho: Fraction = 0.9
    """How much of the moving average each step keeps."""
    momentum: Fraction = 0.0
    """How much of the last update goes on in the next."""
    epsilon: Positive = 1e-7
    """What keeps the division finite."""
    centered: bool = False
    """Whether squares are taken around the gradients' own mean."""


class AdamKind(OptimizerKind):
    """What the Adam family has."""

    beta_1: Fraction = 0.9
    """How much of the mean of gradients each step keeps."""
    beta_2: Fraction = 0.999
    """How much of the mean of squared gradients each step keeps."""
    epsilon: Positive = 1e-7
    """What keeps the division finite."""


class Adam(AdamKind):
    """Momentum, with rates scaled by the root of a moving average of squared gradients.

    Source: Kingma and Ba, 2014.
    """

    kind: Literal["adam"]
    amsgrad: bool = False
    """Whether the largest average so far is used (Reddi et al., 2018)."""


class AdamW(AdamKind):
    """Adam with weight decay apart from the gradients.

    Source: Loshchilov and Hutter, 2017.
    """

    kind: Literal["adamw"]
    weight_decay: NonNegative = 0.004
    """The share of each weight, times the rate, that every step takes away."""
    amsgrad: bool = False
    """Whether the largest average so far is used."""


class AdamVariant(AdamKind):
    """Adam with the largest gradient instead of the mean square (adamax), with Nesterov momentum (nadam),
    or with the update scaled to each layer's norm (lamb).

    Source: Kingma and Ba, 2014; Dozat, 2016; You et al., 2019.
    """

    kind: Literal["adamax", "nadam", "lamb"]


class Adagrad(OptimizerKind):
    """Gradients divided by the root of the sum of all their squares so far.

    Source: Duchi et al., 2011.
    """

    kind: Literal["adagrad"]
    initial_accumulator_value: NonNegative = 0.1
    """What the sums start from."""
    epsilon: Positive = 1e-7
    """What keeps the division finite."""


class Adadelta(OptimizerKind):
    """RMSProp whose rate follows from the size of earlier updates.

    Source: Zeiler, 2012.
    """

    kind: Literal["adadelta"]
    rho: Fraction = 0.95
    """How much of the moving averages each step keeps."""
    epsilon: Positive = 1e-7
    """What keeps the division finite."""


class Adafactor(OptimizerKind):
    """Adam's scaling from row and column means only.

    Source: Shazeer and Stern, 2018.
    """

    kind: Literal["adafactor"]
    beta_2_decay: Number = -0.8
    """The exponent of the averages' decay."""
    epsilon_1: Positive = 1e-30
    """What is added to squared gradients."""
    epsilon_2: Positive = 1e-3
    """The smallest parameter scale."""
    clip_threshold: Positive = 1.0
    """The largest root mean square of an update."""
    relative_step: bool = True
    """Whether the rate is also bounded by 1/√t."""


class Ftrl(OptimizerKind):
    """Follow the regularized leader.

    Source: McMahan et al., 2013.
    """

    kind: Literal["ftrl"]
    learning_rate_power: NonPositive = -0.5
    """The exponent of the rate's decay, at most 0."""
    initial_accumulator_value: NonNegative = 0.1
    """What the accumulators start from."""
    l1_regularization_strength: NonNegative = 0.0
    """The factor of Σ|w|."""
    l2_regularization_strength: NonNegative = 0.0
    """The factor of Σw²."""
    l2_shrinkage_regularization_strength: NonNegative = 0.0
    """The factor of Σw² in the gradient alone."""
    beta: NonNegative = 0.0
    """The paper's β."""


class Lion(OptimizerKind):
    """The sign of a mixture of the gradient and its mean.

    Source: Chen et al., 2023.
    """

    kind: Literal["lion"]
    beta_1: OpenFraction = 0.9
    """The share of the mean in the mixture."""
    beta_2: OpenFraction = 0.99
    """How much of the mean each step keeps."""


class Muon(OptimizerKind):
    """Orthogonalized momentum for matrices, Adam for the rest.

    Source: Jordan et al., 2024.
    """

    kind: Literal["muon"]
    weight_decay: NonNegative = 0.004
    """The share of each matrix, times the rate, that every step takes away."""
    momentum: Fraction = 0.95
    """How much of the last update goes on in the next."""
    nesterov: bool = True
    """Whether Nesterov's variant of momentum is used."""
    ns_steps: Count = 5
    """The Newton-Schulz iterations of a step."""
    adam_beta_1: Fraction = 0.9
    """Adam's beta_1 for what is no matrix."""
    adam_beta_2: Fraction = 0.999
    """Adam's beta_2 for what is no matrix."""
    adam_weight_decay: NonNegative = 0.004
    """Adam's weight decay for what is no matrix."""
    adam_lr_ratio: Positive = 1.0
    """Adam's rate as a multiple of the learning rate."""
    epsilon: Positive = 1e-7
    """What keeps divisions finite."""


class ScheduleFreeAdamW(AdamKind):
    """AdamW that averages its iterates instead of lowering its rate; it wants `schedule: none`.

    Source: Defazio et al., 2024.
    """

    kind: Literal["schedule_free_adamw"]
    learning_rate: Positive = 0.0025
    """The rate."""
    epsilon: Positive = 1e-8
    """What keeps the division finite."""
    warmup_steps: Index = 0
    """The steps over which the rate grows from 0."""


AnyOptimizer: TypeAlias = (
    Sgd | RmsProp | Adam | AdamW | AdamVariant | Adagrad | Adadelta | Adafactor | Ftrl | Lion | Muon | ScheduleFreeAdamW
)
Optimizer: TypeAlias = Annotated[AnyOptimizer, *CHOICE]
