"""Losses: what training makes small."""

from typing import Annotated, Literal, TypeAlias

from dnnctl.specs.common_kind import Auto
from dnnctl.specs.field import CHOICE, Fraction, Kind, NonNegative, Positive


class SparseCategoricalCrossentropy(Kind):
    """−log of the probability of the right class."""

    kind: Literal["sparse_categorical_crossentropy"]


class CategoricalCrossentropy(Kind):
    """−Σ target · log(probability), the target being one-hot."""

    kind: Literal["categorical_crossentropy"]
    label_smoothing: Fraction = 0.0
    """The share of the target that is spread over all classes."""


class BinaryCrossentropy(Kind):
    """−log of the probability of the right one of two classes."""

    kind: Literal["binary_crossentropy"]
    label_smoothing: Fraction = 0.0
    """The share of the target that is moved to ½."""


class FocalCrossentropy(Kind):
    """Crossentropy in which examples that are already right weigh less.

    Source: Lin et al., 2017.
    """

    kind: Literal["categorical_focal_crossentropy", "binary_focal_crossentropy"]
    gamma: NonNegative = 2.0
    """How much less."""
    label_smoothing: Fraction = 0.0
    """The share of the target that is spread over all classes."""


class Hinge(Kind):
    """max(0, 1 − t·y) and its square for two classes, its generalization for more."""

    kind: Literal["hinge", "squared_hinge", "categorical_hinge"]


class ErrorLoss(Kind):
    """Mean squared, absolute, percentage or logarithmic error; log_cosh; Poisson; Kullback-Leibler; cosine."""

    kind: Literal["mse", "mae", "mape", "msle", "log_cosh", "poisson", "kl_divergence", "cosine_similarity"]


class Huber(Kind):
    """Squared error up to `delta`, absolute error beyond.

    Source: Huber, 1964.
    """

    kind: Literal["huber"]
    delta: Positive = 1.0
    """Where the square ends."""


Loss: TypeAlias = Annotated[
    Auto
    | SparseCategoricalCrossentropy
    | CategoricalCrossentropy
    | BinaryCrossentropy
    | FocalCrossentropy
    | Hinge
    | ErrorLoss
    | Huber,
    *CHOICE,
]
