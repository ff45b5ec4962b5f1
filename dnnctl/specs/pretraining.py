"""Unsupervised pretraining: weights that are learned from the training inputs alone, before the first epoch."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import NONE, Nothing
from dnnctl.specs.dropout import Dropout, GaussianDropout, GaussianNoise
from dnnctl.specs.field import CHOICE, Count, Kind
from dnnctl.specs.optimizer import AnyOptimizer
from dnnctl.specs.phase import SAME, Same

Noise: TypeAlias = Annotated[Dropout | GaussianNoise | GaussianDropout | Nothing, *CHOICE]
PretrainingOptimizer: TypeAlias = Annotated[AnyOptimizer | Same, *CHOICE]


class PretrainingKind(Kind):
    """What every pretraining has: it takes the inputs of all training examples, those beyond `data.limit` too, and no
    labels. The layers before the output have its weights when the first phase begins.
    """

    epochs: Count = 10
    """How often every training input is seen, by each part if there are several."""
    optimizer: PretrainingOptimizer = SAME
    """Which optimizer, fresh for each part; `same` is a fresh one like the spec's own."""


class Autoencoder(PretrainingKind):
    """The network without its output encodes the scaled inputs; a mirror image of it, which is thrown away afterwards,
    decodes them; the loss is the mean squared error.

    Source: Hinton and Salakhutdinov, 2006; greedy: Bengio et al., 2006; denoising: Vincent et al., 2008.
    """

    kind: Literal["autoencoder"]
    greedy: bool = False
    """Whether one layer with weights is trained after the other, each to encode what those before it give, which then
    stay as they are.
    """
    noise: Noise = NONE
    """What is done to the inputs that are encoded, not to those that are to be decoded: a denoising autoencoder."""


class Gan(PretrainingKind):
    """The network, with a single output, tells training inputs from those that a generator, its mirror image, makes of
    noise; the generator learns to deceive it. The discriminator's layers are kept, the generator is thrown away.

    Source: Goodfellow et al., 2014.
    """

    kind: Literal["gan"]
    codings: Count = 30
    """How many random numbers the generator makes an input of."""


Pretraining: TypeAlias = Annotated[Autoencoder | Gan | Nothing, *CHOICE]
