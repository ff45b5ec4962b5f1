"""Unsupervised pretraining: learning weights from the training inputs alone, before the first epoch."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import NONE, Nothing
from dnnctl.specs.dropout import Dropout, GaussianDropout, GaussianNoise
from dnnctl.specs.field import CHOICE, Count, Kind, Width
from dnnctl.specs.optimizer import AnyOptimizer
from dnnctl.specs.phase import SAME, Same

Noise: TypeAlias = Annotated[Dropout | GaussianNoise | GaussianDropout | Nothing, *CHOICE]
PretrainingOptimizer: TypeAlias = Annotated[AnyOptimizer | Same, *CHOICE]


class PretrainingKind(Kind):
    """What every kind of pretraining has. It uses the inputs of all training examples, including those beyond
    `data.limit`, and no labels. The layers before the output then start the first phase with the learned weights.
    """

    epochs: Count = 10
    """The number of epochs; if there are several parts, of each part."""
    optimizer: PretrainingOptimizer = SAME
    """The optimizer; each part starts with a new one. `same`: with the settings at the top level of the spec."""


class Autoencoder(PretrainingKind):
    """The network without its output encodes the scaled inputs, and a mirror image of it decodes them. The loss is the
    mean squared error. The decoder is discarded afterward.

    Source: Hinton and Salakhutdinov, 2006; greedy: Bengio et al., 2006; denoising: Vincent et al., 2008.
    """

    kind: Literal["autoencoder"]
    greedy: bool = False
    """Whether to train one layer at a time: each encodes the output of the layers before it, which are frozen."""
    noise: Noise = NONE
    """The noise on the inputs of the encoder. The targets have no noise, which makes it a denoising autoencoder."""


class Gan(PretrainingKind):
    """A generative adversarial network. The network, with a single output, is the discriminator: it learns to
    distinguish training inputs from generated ones. Its mirror image is the generator: it learns to fool the
    discriminator, and is discarded afterward.

    Source: Goodfellow et al., 2014.
    """

    kind: Literal["gan"]
    codings: Width = 30
    """The number of random values from which the generator makes one input."""


Pretraining: TypeAlias = Annotated[Autoencoder | Gan | Nothing, *CHOICE]
